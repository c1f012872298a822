import { startInteractiveShell, type ScriptParser } from '../console/guest.ts';
import { consoleTty } from '../kernel/drivers/tty/console.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import { panic_sysctl } from '../kernel/kernel/panic_sysctl.ts';
import type { LogLine } from '../kernel/log.ts';
import { banner } from './banner.ts';
import { printBootLog } from './boot-log.ts';
import { consoleLogLevel, type Screen } from './command-line.ts';
import { describeProcesses } from './describe.ts';
import { Engine, type HostClock } from './engine.ts';
import { ESCAPE_HELP, EscapeReader, type Escape } from './escapes.ts';
import { EXIT } from './failure.ts';
import { GuestMachine } from './guest-machine.ts';
import { KernelConsole } from './kernel-console.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { Monitor } from './monitor.ts';
import { SessionRecording } from './recording.ts';
import { ReportWatch, type NewReport } from './reports.ts';

export interface SessionOptions {
  readonly plan: KernelPlan;
  readonly commandLine: readonly string[];
  readonly screen: Screen;
  readonly user: string;
  /** What init has to say about it. */
  readonly complaint?: string | null;
  /** Where the shell stands; the user's home for null. */
  readonly cwd: string | null;
  readonly hostname: string;
  readonly factor: number;
  /** Are there Ctrl-A keys and a monitor? */
  readonly escapes: boolean;
  readonly clock: HostClock;
  /** Loads the parser of the shell, which takes longer than the boot. */
  readonly loadParser: () => Promise<ScriptParser>;
  readonly version: string;
  /** Shows text on the terminal. */
  readonly show: (text: string) => void;
  /** May more be shown, or is the terminal behind? */
  readonly mayShow: () => boolean;
  /** The session is over. */
  readonly onEnd: (code: number) => void;
  /** Ctrl-A s. */
  readonly onSave?: () => string;
}

/** How the console is doing, for those who watch a session. */
export type ConsoleState = 'running' | 'idle' | 'blocked' | 'panic' | 'exited';

/** Who watches a session: the control channel. */
export interface SessionWatcher {
  state(state: ConsoleState): void;
  report(report: NewReport): void;
  slice(): void;
}

/** An interactive guest with its terminal: everything but the host's own terminal and signals. */
export class Session {
  guest: GuestMachine;
  engine: Engine;
  readonly version: string;
  readonly recording: SessionRecording;
  watcher: SessionWatcher | null = null;

  private shell: TaskStruct;
  private screen: Screen;
  private kernelConsole: KernelConsole;
  private reports: ReportWatch;
  private readonly escapes = new EscapeReader();
  private readonly monitor: Monitor;
  private monitorIsOpen = false;
  private parser: ScriptParser | null = null;
  /** Typed before the parser was there. */
  private early = '';
  private toldState: ConsoleState | null = null;
  private over = false;
  private panicked = false;

  constructor(private readonly options: SessionOptions) {
    this.version = options.version;
    this.screen = options.screen;
    this.recording = new SessionRecording(options.plan);
    this.monitor = new Monitor(this, options.show);
    const { plan, commandLine } = options;
    this.guest = new GuestMachine(plan, commandLine);
    this.kernelConsole = new KernelConsole(this.guest.kernel.sysctl, consoleLogLevel(commandLine));
    this.reports = new ReportWatch(this.guest.kernel);
    this.engine = this.newEngine();
    this.shell = this.boot();
    void this.loadParser();
  }

  start(): void {
    this.engine.start();
  }

  get isOver(): boolean {
    return this.over;
  }

  get state(): ConsoleState {
    if (this.over) return 'exited';
    if (this.panicked) return 'panic';
    const { state } = this.engine;
    return state === 'halted' ? 'exited' : state;
  }

  // --- what comes from the terminal -----------------------------------------------------------------

  /** Bytes from the terminal. */
  type(chunk: string): void {
    if (!this.options.escapes) {
      this.hand(chunk);
      return;
    }
    for (const typed of this.escapes.read(chunk)) {
      if (this.over) return;
      if ('escape' in typed) this.escape(typed.escape);
      else this.hand(typed.text);
    }
  }

  resize(rows: number, cols: number): void {
    this.screen = { rows, cols };
    this.engine.inject(`resize ${rows} ${cols}`, () => consoleTty().resize(rows, cols));
  }

  /** The terminal is behind no longer. */
  wake(): void {
    this.engine.wake();
  }

  describe(): string[] {
    return describeProcesses(this.guest);
  }

  // --- what the monitor and the control channel ask for ------------------------------------------------

  /** Ends the emulator at once. */
  exit(code: number = EXIT.DONE): void {
    if (this.over) return;
    this.over = true;
    this.engine.end();
    this.tellState();
    this.options.onEnd(code);
  }

  /** Boots the same kernel again. */
  reset(): void {
    this.engine.end();
    this.panicked = false;
    const { plan, commandLine } = this.options;
    this.guest = new GuestMachine(plan, commandLine);
    this.kernelConsole = new KernelConsole(this.guest.kernel.sysctl, consoleLogLevel(commandLine));
    this.reports = new ReportWatch(this.guest.kernel);
    this.recording.restart();
    this.engine = this.newEngine();
    this.shell = this.boot();
    this.engine.start();
  }

  // --- inside ------------------------------------------------------------------------------------------

  private newEngine(): Engine {
    return new Engine({
      ...{ guest: this.guest, clock: this.options.clock, factor: this.options.factor },
      mayGoOn: this.options.mayShow,
      onHalted: () => this.halted(),
      onSlice: () => this.sliced(),
    });
  }

  private boot(): TaskStruct {
    const { guest, options } = this;
    const { plan, commandLine, hostname, user, cwd, show } = options;
    guest.onLog = (line) => this.logged(line);
    const { complaint = null } = options;
    const facts = {
      ...{ commandLine, memory: plan.memory, interactive: true, hostname, complaint },
      until: guest.bootedAt,
    };
    printBootLog(guest.kernel, facts);
    guest.advanceTo(guest.bootedAt);
    guest.tellLog();
    show(banner(guest.kernel.tree.release));
    const shell = startInteractiveShell(guest.kernel, {
      ...{ parse: (source) => this.parse(source), user, ...this.screen },
      ...(cwd === null ? {} : { cwd }),
      onCommand: (line) => this.recording.command(line, guest.now),
      onPrompt: () => this.recording.prompt(guest.now),
    });
    guest.inside(() => {
      consoleTty().onOutput = show;
    });
    return shell;
  }

  private parse(source: string): ReturnType<ScriptParser> {
    if (this.parser === null) throw new Error('the guest reads before the parser is there');
    return this.parser(source);
  }

  private async loadParser(): Promise<void> {
    // After the prompt: the user needs longer for the first line than loading takes.
    await new Promise((resolve) => setImmediate(resolve));
    this.parser = await this.options.loadParser();
    const typed = this.early;
    this.early = '';
    if (typed !== '') this.hand(typed);
  }

  private hand(text: string): void {
    if (this.monitorIsOpen) this.monitor.type(text);
    else if (this.parser === null) this.early += text;
    else {
      this.recording.typed(text, this.engine.virtualNow);
      this.engine.inject(text, () => consoleTty().type(text));
    }
  }

  private escape(escape: Escape): void {
    const { show } = this.options;
    switch (escape) {
      case 'exit':
        show('\r\nvng: guest stopped by Ctrl-A x\r\n');
        this.exit();
        return;
      case 'monitor':
        this.monitorIsOpen = !this.monitorIsOpen;
        if (this.monitorIsOpen) this.monitor.open();
        else show('\r\n');
        return;
      case 'help':
        show(ESCAPE_HELP);
        return;
      case 'save':
        show(`\r\n${this.options.onSave?.() ?? 'vng: there is nowhere to save to'}\r\n`);
        return;
      case 'sysrq':
        show(
          '\r\nvng: there is no serial line to send a break on; echo KEY > /proc/sysrq-trigger does it\r\n',
        );
    }
  }

  private logged(line: LogLine): void {
    if (/^Kernel panic - not syncing/.test(line.text)) this.panicked = true;
    const text = this.kernelConsole.show(line);
    if (text !== null) this.options.show(`${text}\r\n`);
  }

  private sliced(): void {
    this.watcher?.slice();
    if (this.reports.rests || this.engine.state !== 'running') this.tellReports();
    this.tellState();
    if (this.shell.thread.state === 'ready') return;
    const signal = this.shell.exit_code & 0x7f;
    if (signal !== 0) this.options.show(`vng: the shell was killed by signal ${signal}\r\n`);
    this.exit();
  }

  /** A panic stays on the screen until the user leaves, unless the command line wants another boot. */
  private halted(): void {
    this.tellReports();
    if (!this.panicked) {
      this.exit();
      return;
    }
    this.tellState();
    const { show, clock, factor } = this.options;
    const seconds = this.guest.inside(() => panic_sysctl('kernel.panic'));
    if (seconds === 0) {
      show('vng: the kernel has panicked; Ctrl-A x leaves\r\n');
      return;
    }
    const ms = factor > 0 && seconds > 0 ? (seconds * 1000) / factor : 0;
    clock.later(ms, () => {
      if (!this.over) this.reset();
    });
  }

  private tellReports(): void {
    for (const report of this.reports.find()) {
      this.recording.report(report.title);
      this.watcher?.report(report);
    }
  }

  private tellState(): void {
    const { state } = this;
    if (state === this.toldState) return;
    this.toldState = state;
    this.watcher?.state(state);
  }
}
