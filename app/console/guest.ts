import type { Ns } from '../base/brand.ts';
import type { Body } from '../sim/call.ts';
import { delayUntil } from '../sim/delay.ts';
import { consoleTty, type ConsoleLine } from '../kernel/drivers/tty/console.ts';
import { FilesStruct } from '../kernel/include/fdtable.ts';
import { O_RDWR } from '../kernel/include/fs.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { user_process_at_boot } from '../kernel/kernel/process.ts';
import { bareProgram } from '../kernel/mm/process-image.ts';
import { reservePidsBelow } from '../kernel/kernel/pid.ts';
import { reserve } from '../kernel/struct.ts';
import { findProgram, programNames } from './programs/index.ts';
import type { Program } from './programs/program.ts';
import type { ScriptNode, StatementNode } from './shell/ast.ts';
import type { ParsedScript } from './shell/issues.ts';
import { interactive } from './shell/interactive.ts';
import { Shell } from './shell/shell.ts';
import { ShellState } from './shell/state.ts';
import { start_gate } from './userland/gate.ts';
import { chdir, dup2, ioctl, mkdir, open, print, setsid, setuid, STDERR, STDIN } from './userland/libc.ts';
import { FIRST_USER, homeOf, users } from './userland/users.ts';

/** Parses a shell script: `parseScript` of shell/parse.ts, which the host hands in. */
export type ScriptParser = (source: string) => ParsedScript;

export interface ConsoleOptions {
  readonly parse: ScriptParser;
  /** Shows each statement behind a prompt before it runs, as if it had been typed. */
  readonly prompt?: boolean;
  /** Command names of the processes that wait at the start gate. */
  readonly actors?: readonly string[];
}

export interface ProcessStart {
  readonly program: Program;
  readonly args: readonly string[];
  readonly parse: ScriptParser;
  /** When it starts (virtual time); at once without it. */
  readonly at?: Ns;
  /** What its standard input, output and error are, by path; the console without it. */
  readonly stdio?: readonly [input: string, output: string, error: string];
  /** It waits at the start gate, with others. */
  readonly actor?: boolean;
  /** No console, and hardly any memory: as little as a search can do with. */
  readonly bare?: boolean;
}

/** The pid of the shell in the captures; programs come after it. */
const SHELL_PID = 63;

/** Where the guest's user stands: that of root, as a script of `vng -- …` runs. */
const HOME = '/root';
const PROMPT = 'root@virtme-ng:~# ';

const ENVIRONMENT: readonly (readonly [name: string, value: string])[] = [
  ['HOME', HOME],
  ['HOSTNAME', 'virtme-ng'],
  ['LOGNAME', 'root'],
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ['SHELL', '/bin/bash'],
  ['TERM', 'linux'],
  ['USER', 'root'],
];

/** Starts the guest's shell with a script in a booted kernel. The process ends with the script. */
export function startConsole(kernel: Kernel, script: ScriptNode, options: ConsoleOptions): TaskStruct {
  return kernel.machine.inside(() => {
    reservePidsBelow(SHELL_PID + 1);
    const gate = start_gate();
    for (const comm of options.actors ?? []) gate.commands.add(comm);
    gate.parties += options.actors?.length ?? 0;
    const state = new ShellState();
    for (const [name, value] of ENVIRONMENT) {
      state.variables.set(name, value);
      state.exported.add(name);
    }
    const prompt = (statement: StatementNode): string => `${PROMPT}${statement.sourceText ?? ''}\n`;
    const host = { parse: options.parse, findProgram, ...(options.prompt === true && { prompt }) };
    return process('sh', () => new Shell(host, state).run(script), SHELL_PID);
  });
}

export interface InteractiveOptions {
  readonly parse: ScriptParser;
  /** Who logs in; root without it. Users have ids from 1000 on. */
  readonly user?: string;
  /** Where the shell stands; the user's home without it. */
  readonly cwd?: string;
  /** The size of the terminal. */
  readonly rows: number;
  readonly cols: number;
  /** Hears each command that was entered, as it begins. */
  readonly onCommand?: (source: string) => void;
  /** Hears each prompt for a new command. */
  readonly onPrompt?: () => void;
}

/**
 * Starts a login shell on the console of a booted kernel, which becomes its terminal: input comes by
 * `consoleTty().type()`, output goes to `consoleTty().onOutput`. The process ends when the user leaves.
 */
export function startInteractiveShell(kernel: Kernel, options: InteractiveOptions): TaskStruct {
  const { rows, cols, parse, user = 'root' } = options;
  return kernel.machine.inside(() => {
    // Its thread is one of those that are there before the first process.
    consoleTty().control({ rows, cols });
    reservePidsBelow(SHELL_PID + 1);
    if (user !== 'root') users().set(user, FIRST_USER);
    const home = homeOf(user);
    const state = new ShellState();
    for (const [name, value] of loginEnvironment(user, home)) {
      state.variables.set(name, value);
      state.exported.add(name);
    }
    const body = (): Body<number> =>
      login(new Shell({ parse, findProgram, programNames }, state), options, home);
    const task = user_process_at_boot('bash', () => withConsole(body), {
      pid: SHELL_PID,
      prepare: giveFiles,
    });
    return task;
  });
}

function loginEnvironment(user: string, home: string): readonly (readonly [name: string, value: string])[] {
  const mine = new Map([...ENVIRONMENT, ['HOME', home], ['LOGNAME', user], ['USER', user]] as const);
  return [...mine].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What getty and login do before they become the shell. */
function* login(shell: Shell, options: InteractiveOptions, home: string): Body<number> {
  yield* setsid();
  yield* ioctl(STDIN, 'TIOCSCTTY');
  const uid = users().get(options.user ?? 'root') ?? 0;
  if (uid !== 0) yield* mkdir(home);
  const cwd = options.cwd ?? home;
  if ((yield* chdir(cwd)) < 0) {
    yield* print(STDERR, `login: ${cwd}: there is no such folder in the guest, starting in ${home}\n`);
    yield* chdir(home);
  }
  yield* setuid(uid);
  return yield* interactive(shell, options);
}

/** Starts one program without a shell in a booted kernel. */
export function startProgram(kernel: Kernel, start: ProcessStart): TaskStruct {
  return kernel.machine.inside(() => {
    reservePidsBelow(SHELL_PID + 1);
    const { name } = start.program;
    const body = () => runProgram(start);
    const task = start.bare === true ? bareProcess(name, body) : process(name, body, undefined, start.stdio);
    if (start.actor === true) {
      start_gate().processes.add(task.tgid);
      start_gate().parties++;
    }
    return task;
  });
}

function* runProgram({ program, args, parse, at }: ProcessStart): Body<number> {
  if (at !== undefined) yield* delayUntil(at);
  return yield* program.main({ name: program.name, args, environment: new Map(ENVIRONMENT), parse });
}

/** What the console has shown so far, line by line. */
export function consoleLines(kernel: Kernel): readonly ConsoleLine[] {
  return kernel.machine.inside(() => consoleTty().lines);
}

/** The same as one text. */
export function transcript(kernel: Kernel): string {
  return consoleLines(kernel)
    .map(({ text, open }) => (open ? text : `${text}\n`))
    .join('');
}

/** A process with the console as standard input, output and error. */
function process(
  comm: string,
  body: () => Body<number>,
  pid?: number,
  stdio?: ProcessStart['stdio'],
): TaskStruct {
  const withFiles = () => (stdio === undefined ? withConsole(body) : withStreams(stdio, body));
  return user_process_at_boot(comm, withFiles, {
    ...(pid !== undefined && { pid }),
    prepare: giveFiles,
  });
}

function* withConsole(body: () => Body<number>): Body<number> {
  const fd = yield* open('/dev/console', O_RDWR);
  for (const copy of [1, 2]) yield* dup2(fd, copy);
  return yield* body();
}

function* withStreams(stdio: readonly string[], body: () => Body<number>): Body<number> {
  for (const path of stdio) yield* open(path, O_RDWR);
  return yield* body();
}

/** A process that has one page of memory and no open files. */
function bareProcess(comm: string, body: () => Body<number>): TaskStruct {
  return user_process_at_boot(comm, body, { image: bareProgram(comm), prepare: giveFiles });
}

function giveFiles(task: TaskStruct): void {
  task.pwd = HOME;
  const memory = reserve('slab', 'files_struct', 704);
  memory.cache = 'files_cache';
  task.files = new FilesStruct(memory);
}
