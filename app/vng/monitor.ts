import { formatDuration } from '../scenario/units.ts';
import type { Session } from './session.ts';

/** One command of the monitor: the answer, in lines. */
interface MonitorCommand {
  readonly name: string;
  readonly args?: string;
  readonly help: string;
  run(session: Session, args: readonly string[]): readonly string[];
}

const commands: readonly MonitorCommand[] = [
  {
    name: 'cont',
    help: 'resume emulation',
    run: (session) => {
      session.engine.resume();
      return [];
    },
  },
  {
    name: 'help',
    args: '[cmd]',
    help: 'show the help',
    run: (_session, [name]) =>
      commands
        .filter((each) => name === undefined || each.name === name)
        .map(({ name: word, args, help }) => `${args === undefined ? word : `${word} ${args}`}  -- ${help}`),
  },
  {
    name: 'info',
    args: '[subcommand]',
    help: 'show various information about the system state: status, cpus, tasks, version',
    run: info,
  },
  {
    name: 'quit',
    help: 'quit the emulator',
    run: (session) => {
      session.exit();
      return [];
    },
  },
  {
    name: 'stop',
    help: 'stop emulation',
    run: (session) => {
      session.engine.pause();
      return [];
    },
  },
  {
    name: 'system_powerdown',
    help: 'power the guest down',
    run: (session) => {
      session.exit();
      return [];
    },
  },
  {
    name: 'system_reset',
    help: 'reset the system: the same kernel is booted again',
    run: (session) => {
      session.reset();
      return [];
    },
  },
];

const SHORT: Readonly<Record<string, string>> = { c: 'cont', q: 'quit', s: 'stop', '?': 'help' };

function info(session: Session, [what]: readonly string[]): readonly string[] {
  const { guest, engine } = session;
  switch (what) {
    case 'status': {
      const status = guest.halted ? 'paused (guest-panicked)' : engine.isPaused ? 'paused' : 'running';
      return [`VM status: ${status}`, `guest time: ${formatDuration(engine.virtualNow)}`];
    }
    case 'cpus':
      return Array.from({ length: guest.kernel.cpus }, (_, cpu) => {
        const mark = cpu === 0 ? '*' : ' ';
        const on = guest.machine.enabled.find((task) => task.cpu === cpu);
        return `${mark} CPU #${cpu}: ${on === undefined ? '(halted)' : on.label}`;
      });
    case 'tasks':
      return session.describe().map((line) => line);
    case 'version':
      return [session.version];
    case undefined:
      return [
        'info status  -- show the current VM status',
        'info cpus  -- show the CPUs',
        'info tasks  -- show who waits for what',
        'info version  -- show the version',
      ];
    default:
      return [`unknown command: 'info ${what}'`];
  }
}

export const MONITOR_PROMPT = '(qemu) ';

/** The monitor behind Ctrl-A c: lines of its own on the same terminal, while the guest goes on. */
export class Monitor {
  private line = '';
  private greeted = false;

  constructor(
    private readonly session: Session,
    private readonly show: (text: string) => void,
  ) {}

  open(): void {
    const greeting = `${this.session.version} monitor - type 'help' for more information\r\n`;
    this.show(`${this.greeted ? '' : greeting}${MONITOR_PROMPT}${this.line}`);
    this.greeted = true;
  }

  type(text: string): void {
    for (const char of text) {
      if (char === '\r' || char === '\n') this.enter();
      else if (char === '\x7f' || char === '\b') {
        if (this.line === '') continue;
        this.line = this.line.slice(0, -1);
        this.show('\b \b');
      } else if (char === '\x15') {
        this.show('\b \b'.repeat(this.line.length));
        this.line = '';
      } else if (char >= ' ' && this.line.length < 1000) {
        this.line += char;
        this.show(char);
      }
    }
  }

  private enter(): void {
    const [word = '', ...args] = this.line.trim().split(/\s+/);
    this.line = '';
    this.show('\r\n');
    if (word !== '') {
      const name = SHORT[word] ?? word;
      const command = commands.find((each) => each.name === name);
      const lines = command?.run(this.session, args) ?? [`unknown command: '${word}'`];
      for (const line of lines) this.show(`${line}\r\n`);
    }
    this.show(MONITOR_PROMPT);
  }
}
