import { binaryText } from '../../../base/byte-text.ts';
import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { O_CREAT, O_TRUNC, O_WRONLY } from '../../../kernel/include/fs.ts';
import { SIGINT } from '../../../kernel/include/signal.ts';
import type { ShellHost } from '../../shell/shell.ts';
import { statusOf } from '../../shell/signals.ts';
import { findCommand } from '../../shell/command-search.ts';
import { Shell } from '../../shell/shell.ts';
import { ShellState } from '../../shell/state.ts';
import { close, getpid, open, pause, print, STDERR, STDOUT, wait4 } from '../../userland/libc.ts';
import { handleSignal, spawnProgram } from '../../userland/process.ts';
import type { Invocation } from '../program.ts';
import { apply, enabledSystems, settingsOf, type Settings } from './settings.ts';
import { complain, cpuCount, readTracing, reset, takePages, writeTracing } from './tracefs.ts';
import { makeDat, type CpuData } from './write-dat.ts';

type Find = ShellHost['findProgram'];

/** Settings of a call; null after a complaint. */
export function* settingsFrom(args: readonly string[]): Body<Settings | null> {
  const settings = settingsOf(args);
  if (typeof settings !== 'string') return settings;
  yield* complain(settings);
  return null;
}

/** `trace-cmd record`: traces while a command runs, or until Ctrl-C, and writes a file. */
export function* record(find: Find, args: readonly string[], invocation: Invocation): Body<number> {
  const settings = yield* settingsFrom(args);
  if (settings === null) return 1;
  if (settings.events.length === 0 && settings.tracer === null) {
    yield* complain('no event or plugin was specified... aborting');
    return 1;
  }
  yield* reset();
  if ((yield* apply(settings)) !== 0) {
    yield* reset();
    return 1;
  }
  const status = yield* traced(find, settings, invocation);
  yield* writeTracing('tracing_on', '0');
  const written = yield* save(settings.output, settings.quiet);
  yield* reset();
  yield* writeTracing('tracing_on', '1');
  return written === 0 ? status : written;
}

/** Switches tracing on and waits for the end of the command, or for Ctrl-C. */
function* traced(find: Find, settings: Settings, invocation: Invocation): Body<number> {
  const { command, onlyCommand } = settings;
  handleSignal(SIGINT, 'handle');
  if (command.length === 0) {
    yield* writeTracing('tracing_on', '1');
    if (!settings.quiet) yield* print(STDOUT, 'Hit Ctrl^C to stop recording\n');
    yield* pause();
    handleSignal(SIGINT, 'default');
    return 0;
  }
  const [name, ...args] = command;
  const shell = new Shell({ parse: invocation.parse, findProgram: find }, new ShellState());
  const found = yield* findCommand(shell, name);
  if (!('program' in found)) {
    yield* print(STDERR, `trace-cmd: No such file or directory\n  Failed to exec ${name}\n`);
    return 255;
  }
  const { program } = found;
  if (!onlyCommand) yield* writeTracing('tracing_on', '1');
  const pid = yield* spawnProgram(program.name, function* () {
    if (onlyCommand) {
      yield* writeTracing('set_event_pid', String(getpid()));
      yield* writeTracing('set_ftrace_pid', String(getpid()));
      yield* writeTracing('tracing_on', '1');
    }
    return yield* program.main({ ...invocation, name, args });
  });
  const waited = pid < 0 ? pid : yield* wait4(pid);
  handleSignal(SIGINT, 'default');
  return typeof waited === 'number' ? 1 : statusOf(waited.status);
}

/** Writes what is in the buffers to a file, and says where each CPU's part is. */
export function* save(output: string, quiet: boolean): Body<number> {
  const count = yield* cpuCount();
  const systems = yield* enabledSystems();
  const cpus: CpuData[] = [];
  for (let cpu = 0; cpu < count; cpu++) {
    const stats = `CPU: ${cpu}\n${yield* readTracing(`per_cpu/cpu${cpu}/stats`)}`;
    cpus.push({ pages: yield* takePages(cpu), stats });
  }
  const { content, offsets } = yield* makeDat(systems, cpus);
  const fd = yield* open(output, O_WRONLY | O_CREAT | O_TRUNC);
  const error = fd < 0 ? fd : yield* print(fd, binaryText(content));
  if (fd >= 0) yield* close(fd);
  if (error < 0) {
    yield* print(STDERR, `trace-cmd: ${strerror(error)}\n  can't write file ${output}\n`);
    return 1;
  }
  if (quiet) return 0;
  for (const [cpu, { pages, stats }] of cpus.entries()) {
    const lost = Number(/^overrun: (\d+)$/m.exec(stats)?.[1] ?? 0);
    if (lost > 0) yield* print(STDOUT, `CPU ${cpu}: ${lost} events lost\n`);
    yield* print(
      STDOUT,
      `CPU${cpu} data recorded at offset=0x${offsets[cpu].toString(16)}\n    ${pages.length} bytes in size\n`,
    );
  }
  return 0;
}
