import { ByteDecoder } from '../base/byte-text.ts';
import { startProgram, type ScriptParser } from '../console/guest.ts';
import { FIRST_USER, users } from '../console/userland/users.ts';
import { findProgram } from '../console/programs/index.ts';
import {
  add_script_ports,
  portPath,
  SCRIPT_PORTS,
  type VirtioPort,
} from '../kernel/drivers/char/virtio_console.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import type { Arguments } from './arguments.ts';
import { printBootLog } from './boot-log.ts';
import { consoleLogLevel, kernelCommandLine } from './command-line.ts';
import { describeProcesses } from './describe.ts';
import { Engine, hostClock } from './engine.ts';
import { EXIT } from './failure.ts';
import { GuestMachine } from './guest-machine.ts';
import type { ControlChannel, Controlled } from './control-channel.ts';
import { guestUser, type GuestUser } from './guest-user.ts';
import type { Host } from './host.ts';
import { KernelConsole } from './kernel-console.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { Outlet } from './outlet.ts';
import { ReportWatch } from './reports.ts';
import type { ConsoleState } from './session.ts';
import { loadParser } from './start.ts';

/** Input that the guest has not read yet; more stays with whoever writes it. */
const MOST_UNREAD = 256 * 1024;
/** A guest that waits for input which does not come is given so long before time goes on (ms). */
const STDIN_PATIENCE_MS = 1_000;
/** What is left to be written has so long when the script has ended; less if it was ended from outside. */
const FLUSH_MS = 60_000;
const ABORT_FLUSH_MS = 500;

/** `vng -- command`: runs it with the three streams of this process, and gives its exit status. */
export async function runScript(args: Arguments, plan: KernelPlan, host: Host): Promise<number> {
  const user = guestUser(args, host);
  for (const option of ['record', 'asciicast']) {
    if (args.has(option)) host.err(`vng: --${option}: only an interactive session is recorded\n`);
  }
  const commandLine = kernelCommandLine(args, plan, {
    screen: null,
    user: user.name,
    cwd: args.text('cwd') ?? '/root',
  });
  const parse = await loadParser();
  return new ScriptRun({ args, plan, commandLine, parse, host, user }).run();
}

interface ScriptOptions {
  readonly args: Arguments;
  readonly plan: KernelPlan;
  readonly commandLine: readonly string[];
  readonly parse: ScriptParser;
  readonly host: Host;
  readonly user: GuestUser;
}

class ScriptRun implements Controlled {
  readonly guest: GuestMachine;
  readonly engine: Engine;

  private readonly shell: TaskStruct;
  private readonly stdin: VirtioPort;
  private readonly outlets: readonly Outlet[];
  private readonly offs: (() => void)[] = [];
  private resolve: (code: number) => void = () => {};
  private over = false;
  /** Why it ended, for whoever watches. */
  private reason = 'the script has ended';
  private inputEnded = false;
  private patience: (() => void) | null = null;
  private impatient = false;
  private patienceMs = FLUSH_MS;

  private channel: ControlChannel | null = null;
  private reports: ReportWatch;
  private toldState: ConsoleState | null = null;
  private panicked = false;

  constructor(private readonly options: ScriptOptions) {
    const { args, plan, commandLine, parse, user } = options;
    const gone = (fd: number) => () =>
      this.abort(`nobody reads ${fd === 1 ? 'standard output' : 'standard error'} any more`, 141);
    this.outlets = [1, 2].map((fd) => new Outlet(fd, () => this.engine.wake(), gone(fd)));
    this.guest = new GuestMachine(plan, commandLine);
    this.listenToKernel(commandLine);
    this.reports = new ReportWatch(this.guest.kernel);
    const hostname = args.text('name') ?? 'virtme-ng';
    const facts = {
      commandLine,
      memory: plan.memory,
      interactive: false,
      hostname,
      complaint: user.complaint,
      until: this.guest.bootedAt,
    };
    printBootLog(this.guest.kernel, facts);
    this.guest.advanceTo(this.guest.bootedAt);
    const ports = this.guest.inside(() => add_script_ports());
    this.stdin = ports[0];
    for (const [i, port] of ports.slice(1).entries()) port.onOutput = (text) => this.outlets[i].write(text);
    this.shell = this.startShell(parse);
    this.engine = new Engine({
      ...{ guest: this.guest, clock: hostClock, factor: args.realtime ?? 0 },
      mayGoOn: () => !this.outlets.some((outlet) => outlet.isFull),
      mayLeap: () => this.impatient || !this.stdin.wanted,
      onHalted: () => {
        this.tell();
        this.end(EXIT.GUEST_LOST);
      },
      onSlice: () => this.sliced(),
    });
  }

  get state(): ConsoleState {
    if (this.over) return 'exited';
    if (this.panicked) return 'panic';
    const { state } = this.engine;
    return state === 'halted' ? 'exited' : state;
  }

  /** What the control channel asks for. */
  exit(): void {
    this.end(EXIT.DONE);
  }

  async run(): Promise<number> {
    const code = await new Promise<number>((resolve) => {
      this.resolve = resolve;
      this.readInput();
      this.listenToSignals();
      this.engine.start();
      void this.openControl();
    });
    await this.channel?.exit(code, this.reason);
    const flushed = await Promise.all(this.outlets.map((outlet) => outlet.flush(this.patienceMs)));
    // A reader that takes nothing would keep the last write, and with it the process, for ever.
    if (flushed.includes(false)) process.kill(process.pid, 'SIGKILL');
    for (const off of this.offs) off();
    return code;
  }

  private async openControl(): Promise<void> {
    const path = process.env['SCYTHE_CONTROL'] ?? '';
    if (path === '') return;
    const { ControlChannel } = await import('./control-channel.ts');
    if (this.over) return;
    const { tree, patches, seed } = this.options.plan;
    this.channel = new ControlChannel({
      ...{ path, token: process.env['SCYTHE_CONTROL_TOKEN'] ?? '', session: this, tree: tree.name, seed },
      patches: patches.map(({ name }) => name),
      record: () => {
        throw new Error('only what was typed can be recorded');
      },
      onLost: (reason) => this.abort(`the control channel is lost: ${reason}`, EXIT.FAILED),
    });
  }

  private tell(): void {
    this.channel?.slice();
    if (this.reports.rests || this.engine.state !== 'running') {
      for (const report of this.reports.find()) this.channel?.report(report);
    }
    const { state } = this;
    if (state === this.toldState) return;
    this.toldState = state;
    this.channel?.state(state);
  }

  private startShell(parse: ScriptParser): TaskStruct {
    const { args, user } = this.options;
    const asRoot = user.name === 'root';
    const program = findProgram(asRoot ? 'sh' : 'su');
    if (program === null) throw new Error('the guest has no shell');
    const [input, output, error] = SCRIPT_PORTS.map(portPath);
    if (!asRoot) this.guest.inside(() => users().set(user.name, FIRST_USER));
    return startProgram(this.guest.kernel, {
      program,
      args: [...(asRoot ? [] : [user.name]), '-c', args.command ?? ''],
      parse,
      stdio: [input, output, error],
    });
  }

  private listenToKernel(commandLine: readonly string[]): void {
    const console = new KernelConsole(this.guest.kernel.sysctl, consoleLogLevel(commandLine));
    // Quiet, the kernel's console leads nowhere; with -v to standard error.
    const quiet = this.options.args.verbosity === 0;
    this.guest.onLog = (line) => {
      if (/^Kernel panic - not syncing/.test(line.text)) this.panicked = true;
      if (quiet) return;
      const text = console.show(line);
      if (text !== null) this.outlets[1].write(`${text}\n`);
    };
  }

  private readInput(): void {
    const { stdin } = process;
    const decoder = new ByteDecoder();
    const push = (text: string, last: boolean) => {
      this.impatient = false;
      this.patience?.();
      this.patience = null;
      this.engine.inject(`stdin ${text.length}${last ? ' end' : ''}`, () => this.stdin.push(text, last));
      if (this.stdin.unread > MOST_UNREAD) stdin.pause();
    };
    const onData = (chunk: Buffer) => push(decoder.decode(chunk), false);
    const onEnd = () => {
      if (this.inputEnded) return;
      this.inputEnded = true;
      push(decoder.decode(new Uint8Array(), true), true);
    };
    stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
    this.offs.push(() => {
      stdin.off('data', onData).off('end', onEnd);
      // Else a read that is under way would keep the process.
      stdin.destroy();
    });
  }

  /** Time stands still while the guest waits for input that may be on its way, but not for ever. */
  private awaitInput(): void {
    if (!this.stdin.wanted || this.inputEnded || this.impatient) return;
    this.patience ??= hostClock.later(STDIN_PATIENCE_MS, () => {
      this.patience = null;
      this.impatient = true;
      this.engine.wake();
    });
  }

  private sliced(): void {
    this.tell();
    this.awaitInput();
    if (this.stdin.unread < MOST_UNREAD / 2 && process.stdin.isPaused() && !this.inputEnded)
      process.stdin.resume();
    if (this.shell.thread.state === 'ready') return;
    const signal = this.shell.exit_code & 0x7f;
    this.end(signal === 0 ? (this.shell.exit_code >> 8) & 0xff : EXIT.GUEST_LOST);
  }

  private listenToSignals(): void {
    const onInterrupt = () => {
      this.options.host.err('Interrupted.\n');
      this.end(EXIT.FAILED);
    };
    process.on('SIGINT', onInterrupt);
    this.offs.push(() => process.off('SIGINT', onInterrupt));
    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGHUP', 1],
    ] as const) {
      const onSignal = () => this.abort(`ended by ${signal}`, 128 + number);
      process.on(signal, onSignal);
      this.offs.push(() => process.off(signal, onSignal));
    }
  }

  /** Ends a guest from outside, and says what it was at. */
  private abort(reason: string, code: number): void {
    if (this.over) return;
    this.patienceMs = ABORT_FLUSH_MS;
    this.reason = reason;
    const moment = (this.guest.now / 1e9).toFixed(3);
    const doing = describeProcesses(this.guest).map((line) => `  ${line}\n`);
    this.outlets[1].write(
      `vng: ${reason} at ${moment} s of guest time; the guest was at:\n${doing.join('')}`,
    );
    this.end(code);
  }

  private end(code: number): void {
    if (this.over) return;
    this.over = true;
    this.engine.end();
    this.patience?.();
    this.resolve(code);
  }
}
