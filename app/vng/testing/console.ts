import { parseScript } from '../../console/shell/parse.ts';
import { defaultConfig } from '../../kernel/kconfig.ts';
import { patches } from '../../kernel/patches/index.ts';
import { findTree } from '../../kernel/trees/index.ts';
import { costModels } from '../../scenario/costs.ts';
import type { KernelPlan } from '../kernel-plan.ts';
import { Session, type SessionOptions } from '../session.ts';
import { FakeClock } from './fake-host.ts';

/** A plan for tests: the debug kernel of the captures, with little memory to count. */
export function planFor(changes: Partial<KernelPlan> & { readonly patch?: string } = {}): KernelPlan {
  const { patch, ...rest } = changes;
  const tree = findTree('v6.12');
  if (tree === null) throw new Error('no such tree');
  return {
    ...{ tree, patches: patches.filter(({ name }) => name === patch), config: defaultConfig() },
    ...{ cpus: 2, memory: 0x40000000, faults: [], costs: costModels[0].costs, costName: 'default' },
    ...{ seed: 1, append: [] },
    ...rest,
  };
}

/** A session with a terminal that is a text, and a clock that goes when the test says so. */
export class TestConsole {
  readonly clock = new FakeClock();
  readonly session: Session;
  shown = '';
  code: number | null = null;
  full = false;

  private constructor(options: Partial<SessionOptions>) {
    const plan = options.plan ?? planFor();
    this.session = new Session({
      ...{ plan, commandLine: ['quiet', 'loglevel=1', ...plan.append], screen: { rows: 24, cols: 80 } },
      ...{ user: 'root', cwd: null, hostname: 'virtme-ng', factor: 1, escapes: true, version: 'Scythe' },
      clock: this.clock,
      loadParser: () => Promise.resolve(parseScript),
      show: (text) => {
        this.shown += text;
      },
      mayShow: () => !this.full,
      onEnd: (code) => {
        this.code = code;
      },
      ...options,
    });
  }

  /** A session whose prompt is there and whose parser is loaded. */
  static async open(options: Partial<SessionOptions> = {}): Promise<TestConsole> {
    const console = new TestConsole(options);
    console.session.start();
    console.clock.pass(200);
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    return console;
  }

  /** Types, and lets real time pass. The result is what that showed, without carriage returns. */
  type(text: string, ms = 300): string {
    const before = this.shown.length;
    this.session.type(text);
    this.clock.pass(ms);
    return plain(this.shown.slice(before));
  }

  line(text: string, ms = 300): string {
    return this.type(`${text}\r`, ms);
  }
}

/** Without escape sequences and carriage returns. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- Escape sequences begin with that character.
  return text.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, '').replaceAll('\r', '');
}
