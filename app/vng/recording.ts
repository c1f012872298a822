import type { KernelPlan } from './kernel-plan.ts';
import { LONGEST_CONSOLE_SCRIPT } from '../scenario/limits.ts';
import { VngFailure } from './failure.ts';
import { differences } from '../kernel/kconfig.ts';

/** A command that was entered at the prompt, with its moments in virtual time. */
interface Entered {
  readonly source: string;
  readonly at: number;
  /** The prompt that it was entered at. */
  readonly promptAt: number;
  /** When Ctrl-C was pressed while it ran; null if it was not. */
  interruptedAt: number | null;
  /** Something else was typed while it ran. */
  fed: boolean;
}

/** Pauses of the user below this are not kept (ns). */
const SHORTEST_PAUSE = 20_000_000;
const CTRL_C = '\x03';

/**
 * What was entered in a session, as a scenario: the same commands as a console script, with the pauses between them,
 * so that it can be run, replayed and searched.
 */
export class SessionRecording {
  private entered: Entered[] = [];
  private titles: string[] = [];
  private promptAt = 0;
  private atPrompt = true;

  constructor(private readonly plan: KernelPlan) {}

  /** The machine was booted again: what was before has led nowhere that is still there. */
  restart(): void {
    this.entered = [];
    this.titles = [];
    this.atPrompt = true;
  }

  get isEmpty(): boolean {
    return this.entered.length === 0;
  }

  prompt(at: number): void {
    this.promptAt = at;
    this.atPrompt = true;
  }

  command(line: string, at: number): void {
    // eslint-disable-next-line no-control-regex -- YAML takes no control characters but these two.
    const source = line.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '').replace(/\n+$/, '');
    this.atPrompt = false;
    if (source.trim() === '') return;
    this.entered.push({ source, at, promptAt: this.promptAt, interruptedAt: null, fed: false });
  }

  /** Bytes from the terminal: only what comes while a command runs says more than its line. */
  typed(text: string, at: number): void {
    const last = this.entered.at(-1);
    if (this.atPrompt || last === undefined) return;
    if (text.includes(CTRL_C)) last.interruptedAt ??= at;
    else last.fed = true;
  }

  report(title: string): void {
    if (!this.titles.includes(title)) this.titles.push(title);
  }

  /** The scenario file. `name` is the title of the scenario. */
  scenario(name: string): string {
    const { tree, patches, config, cpus, memory, seed, append, costName } = this.plan;
    const options = Object.entries(differences(config, tree));
    const words = [...append, `mem=${Math.floor(memory / 1024 / 1024)}M`];
    const lines = [
      '# Recorded from a session of vng: what was entered, with the pauses between.',
      'scythe: 1',
      `title: ${quote(name)}`,
      'kernel:',
      `  tree: ${tree.name}`,
      ...(patches.length === 0 ? [] : [`  patches: [${patches.map(({ name: patch }) => patch).join(', ')}]`]),
      ...(options.length === 0
        ? []
        : ['  config:', ...options.map(([option, value]) => `    ${option}: ${value}`)]),
      `  append: [${words.map(quote).join(', ')}]`,
      `  cpus: ${cpus}`,
      ...(seed === 1 ? [] : [`seed: ${seed}`]),
      ...(costName === 'default' ? [] : ['time:', `  cost: ${costName}`]),
      'guest:',
      // The indentation is said, as a command may begin with blanks.
      '  console: |2',
      ...this.checkedScript().map((line) => (line === '' ? '' : `    ${line}`)),
      ...this.expectations(),
    ];
    return `${lines.join('\n')}\n`;
  }

  /** A scenario takes so much script, and a longer one is no file that could be run. */
  private checkedScript(): string[] {
    const lines = this.script();
    const size = lines.reduce((sum, { length }) => sum + length + 1, 0);
    if (size <= LONGEST_CONSOLE_SCRIPT) return lines;
    const fix = 'record a shorter session, or put what is long into a file of the guest by a loop';
    throw new VngFailure(
      `what was typed makes a script of ${size} characters, and a scenario takes ${LONGEST_CONSOLE_SCRIPT}: ${fix}`,
    );
  }

  private script(): string[] {
    // A script ends with its last line; that the user left says nothing more.
    const last = this.entered.at(-1)?.source.trim() ?? '';
    const commands = last === 'exit' || last === 'logout' ? this.entered.slice(0, -1) : this.entered;
    if (commands.length === 0) return [':'];
    return commands.flatMap((command, i) => {
      const pause = i === 0 ? 0 : command.at - command.promptAt;
      return [...(pause < SHORTEST_PAUSE ? [] : [`sleep ${seconds(pause)}`]), ...linesOf(command)];
    });
  }

  private expectations(): string[] {
    if (this.titles.length === 0) return [];
    const must = this.titles.map((title) => `      - ${quote(title)}`);
    return ['expect:', '  titles:', '    must:', ...must];
  }
}

function linesOf({ source, at, interruptedAt, fed }: Entered): string[] {
  const note = fed ? ['# Something was typed while this ran; a script has no keyboard.'] : [];
  if (interruptedAt === null) return [...note, ...source.split('\n')];
  // A script has no Ctrl-C, and what it runs in the background does not hear SIGINT: SIGTERM ends it instead.
  const simple = !/[\n;&|(){}<>]/.test(source);
  const lines = simple ? [`${source} &`] : ['(', ...source.split('\n'), ') &'];
  const pause = `sleep ${seconds(Math.max(interruptedAt - at, SHORTEST_PAUSE))}`;
  return [...note, ...lines, pause, 'kill -TERM $!', 'wait $!'];
}

/** Rounded to hundredths: nobody waits more exactly than that. */
function seconds(nanoseconds: number): string {
  return (Math.round(nanoseconds / 10_000_000) / 100).toString();
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''").replaceAll('\n', ' ')}'`;
}
