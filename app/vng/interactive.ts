import { existsSync, writeFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Arguments } from './arguments.ts';
import { Asciicast } from './asciicast.ts';
import { kernelCommandLine, type Screen } from './command-line.ts';
import type { ControlChannel } from './control-channel.ts';
import { describeProcesses } from './describe.ts';
import { hostClock } from './engine.ts';
import { EXIT, VngFailure } from './failure.ts';
import { guestUser } from './guest-user.ts';
import type { Host } from './host.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { Outlet } from './outlet.ts';
import { reasonOf } from './reason.ts';
import { Session } from './session.ts';
import { loadParser, SCYTHE } from './start.ts';

/** What is left to be written has so long when the session is over; less if it was ended from outside (ms). */
const FLUSH_MS = 2_000;
const ABORT_FLUSH_MS = 500;
const LEFT = 'the user has left';
const GONE = 'the terminal is gone';
const SIGNALS = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 } as const;
const DEFAULT_SCREEN: Screen = { rows: 24, cols: 80 };

/** `vng` with a terminal: runs until the user leaves, and gives the exit code. */
export async function runInteractive(args: Arguments, plan: KernelPlan, host: Host): Promise<number> {
  const screen = screenOf();
  const { name: user, complaint } = guestUser(args, host);
  const commandLine = kernelCommandLine(args, plan, { screen, user, cwd: args.text('cwd') ?? '/root' });
  const castFile = args.text('asciicast');
  const cast = castFile === null ? null : new Asciicast(castFile, screen, `vng ${plan.tree.name}`);
  const driver = new TerminalDriver(cast);
  return new Promise((resolve) => {
    const finish = (code: number) => {
      void driver.close(code).then(resolve);
    };
    const session: Session = new Session({
      ...{
        plan,
        commandLine,
        screen,
        user,
        complaint,
        cwd: args.text('cwd'),
        hostname: args.text('name') ?? 'virtme-ng',
      },
      ...{ factor: args.realtime ?? 1, escapes: !args.has('disable_monitor'), clock: hostClock, loadParser },
      version: SCYTHE,
      show: (text) => driver.show(text),
      mayShow: () => !driver.isFull,
      onEnd: finish,
      onSave: () => driver.save(args.text('record') ?? freeName('session')),
    });
    driver.attach(session, args.text('record'));
    session.start();
    void driver.openControl(session, plan);
  });
}

/** `session.yaml`, or `session-2.yaml` if that is there: nothing is overwritten that nobody named. */
function freeName(stem: string): string {
  for (let number = 1; ; number++) {
    const name = `${stem}${number === 1 ? '' : `-${number}`}.yaml`;
    if (!existsSync(name)) return name;
  }
}

function screenOf(): Screen {
  const { rows, columns } = process.stdout;
  return process.stdout.isTTY && rows > 0 && columns > 0 ? { rows, cols: columns } : DEFAULT_SCREEN;
}

/** Joins a session to the terminal, the signals and the control channel of this process. */
class TerminalDriver {
  private readonly outlet: Outlet;
  /** For last words; not the stream of Node, which would stand still with a terminal that takes nothing. */
  private readonly errors = new Outlet(
    2,
    () => {},
    () => {},
  );
  private session: Session | null = null;
  private channel: ControlChannel | null = null;
  private recordFile: string | null = null;
  /** Why the session ended, for whoever watches. */
  private reason = LEFT;
  private readonly offs: (() => void)[] = [];
  private readonly addsReturns = process.stdout.isTTY && process.platform !== 'win32';

  constructor(private readonly cast: Asciicast | null) {
    this.outlet = new Outlet(
      1,
      () => this.session?.wake(),
      () => this.abort(GONE, EXIT.FAILED),
    );
  }

  get isFull(): boolean {
    return this.outlet.isFull;
  }

  show(text: string): void {
    // The terminal of a POSIX host adds carriage returns by itself, in raw mode too as Node sets it.
    this.outlet.write(this.addsReturns ? text.replaceAll('\r\n', '\n') : text);
    this.cast?.output(text);
  }

  attach(session: Session, recordFile: string | null): void {
    this.session = session;
    this.recordFile = recordFile;
    const { stdin, stdout } = process;
    if (stdin.isTTY) stdin.setRawMode(true);
    const decoder = new StringDecoder('utf8');
    const onData = (chunk: Buffer) => session.type(decoder.write(chunk));
    // The end of input that is no terminal: as if the user had left.
    const onEnd = () => (stdin.isTTY ? this.abort(GONE, EXIT.FAILED) : session.type('\x04'));
    const onError = () => this.abort(GONE, EXIT.FAILED);
    stdin.on('data', onData).on('end', onEnd).on('error', onError);
    const onResize = () => {
      const screen = screenOf();
      session.resize(screen.rows, screen.cols);
      this.cast?.resize(screen);
    };
    stdout.on('resize', onResize);
    this.offs.push(() => {
      stdin.off('data', onData).off('end', onEnd);
      stdout.off('resize', onResize);
      if (stdin.isTTY) stdin.setRawMode(false);
      // Else a read that is under way would keep the process.
      stdin.destroy();
    });
    for (const [signal, number] of Object.entries(SIGNALS)) {
      const onSignal = () => this.abort(`ended by ${signal}`, 128 + number);
      process.on(signal, onSignal);
      this.offs.push(() => process.off(signal, onSignal));
    }
  }

  async openControl(session: Session, plan: KernelPlan): Promise<void> {
    const path = process.env['SCYTHE_CONTROL'] ?? '';
    if (path === '') return;
    const { ControlChannel } = await import('./control-channel.ts');
    if (session.isOver) return;
    this.channel = new ControlChannel({
      ...{
        path,
        token: process.env['SCYTHE_CONTROL_TOKEN'] ?? '',
        session,
        tree: plan.tree.name,
        seed: plan.seed,
      },
      patches: plan.patches.map(({ name }) => name),
      record: (file) => {
        this.write(file);
      },
      onLost: (reason) => this.abort(`the control channel is lost: ${reason}`, EXIT.FAILED),
    });
    session.watcher = this.channel;
  }

  /** Saves the recording; the answer is for the terminal. */
  save(file: string): string {
    try {
      this.write(file);
      return `vng: saved as ${file}`;
    } catch (error) {
      return `vng: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  private write(file: string): void {
    const text = this.session?.recording.scenario('A recorded session') ?? '';
    try {
      writeFileSync(file, text);
    } catch (error) {
      throw new VngFailure(`${file} cannot be written: ${reasonOf(error)}`);
    }
  }

  /** Ends a session from outside, and says what the guest was at. */
  private abort(reason: string, code: number): void {
    const { session } = this;
    if (session === null || session.isOver) return;
    this.reason = reason;
    const moment = (session.guest.now / 1e9).toFixed(3);
    const doing = describeProcesses(session.guest).map((line) => `  ${line}\r\n`);
    const text = `\r\nvng: ${reason} at ${moment} s of guest time; the guest was at:\r\n${doing.join('')}`;
    this.errors.write(text);
    session.exit(code);
  }

  /** Puts the terminal back as it was, and writes what is to be written. */
  async close(code: number): Promise<number> {
    this.cast?.close();
    if (this.recordFile !== null) this.errors.write(`${this.save(this.recordFile)}\r\n`);
    await this.channel?.exit(code, this.reason);
    const patienceMs = this.reason === LEFT ? FLUSH_MS : ABORT_FLUSH_MS;
    const flushed = await Promise.all([this.outlet.flush(patienceMs), this.errors.flush(patienceMs)]);
    // A terminal that takes nothing would keep the last write, and whoever waits for it, for ever.
    if (flushed.includes(false)) process.kill(process.pid, 'SIGKILL');
    for (const off of this.offs) off();
    // Node aborts when it cannot put the settings of a terminal back that is gone: die of that, as others do.
    if (this.terminalIsGone && process.platform !== 'win32') process.kill(process.pid, 'SIGHUP');
    return code;
  }

  private get terminalIsGone(): boolean {
    return process.stdin.isTTY && (this.reason === GONE || this.reason === `ended by SIGHUP`);
  }
}
