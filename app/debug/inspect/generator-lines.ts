import { existsSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a paused function stands, in the model's own source. */
export interface Line {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

interface Property {
  readonly name: string;
  readonly value?: {
    readonly objectId?: string;
    readonly value?: {
      readonly scriptId: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  };
}

/** The key under which generators are handed over; nothing else of the process is touched. */
const HANDED_OVER = '__scythePausedBodies';

const MOST_KNOWN = 20_000;

/**
 * Asks the engine where generators are paused: the line of the `yield*` that a kernel function stands at. Only a
 * debugger is told that, so this is one, of its own thread. Answers null where the engine or the host refuses.
 */
export class GeneratorLines {
  /** Answers that were given, by whatever key the caller has for a place. */
  readonly known = new Map<string, readonly (Line | null)[]>();
  private session: Session | null = null;
  private refused = false;
  private readonly scripts = new Map<string, string>();
  private readonly maps = new Map<string, SourceMap | null>();

  linesOf(bodies: readonly object[]): (Line | null)[] {
    if (bodies.length === 0 || !this.connect()) return bodies.map(() => null);
    const place = globalThis as Record<string, unknown>;
    place[HANDED_OVER] = bodies;
    try {
      const list = this.ask('Runtime.evaluate', { expression: `globalThis.${HANDED_OVER}` }) as {
        result?: { objectId?: string };
      } | null;
      const items = this.properties(list?.result?.objectId);
      return bodies.map((_body, i) => {
        const item = items.own.find(({ name }) => name === String(i));
        const { internal } = this.properties(item?.value?.objectId);
        const location = internal.find(({ name }) => name === '[[GeneratorLocation]]')?.value?.value;
        return location === undefined ? null : this.original(location);
      });
    } finally {
      place[HANDED_OVER] = undefined;
      this.ask('Runtime.releaseObjectGroup', { objectGroup: '' });
    }
  }

  remember(key: string, lines: readonly (Line | null)[]): void {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(key, lines);
  }

  close(): void {
    this.session?.disconnect();
    this.session = null;
    this.refused = true;
  }

  private connect(): boolean {
    if (this.session !== null) return true;
    if (this.refused) return false;
    try {
      const session = new Session();
      session.connect();
      session.on('Debugger.scriptParsed', ({ params }) => {
        this.scripts.set(params.scriptId, params.url);
      });
      this.session = session;
      this.ask('Debugger.enable', {});
      return true;
    } catch {
      this.refused = true;
      return false;
    }
  }

  /** Sessions with their own thread answer at once. */
  private ask(method: string, params: object): unknown {
    let answer: unknown = null;
    this.session?.post(method, params, (error, result) => {
      if (error === null) answer = result;
    });
    return answer;
  }

  private properties(objectId: string | undefined): { own: Property[]; internal: Property[] } {
    if (objectId === undefined) return { own: [], internal: [] };
    const answer = this.ask('Runtime.getProperties', { objectId, ownProperties: true }) as {
      result?: Property[];
      internalProperties?: Property[];
    } | null;
    return { own: answer?.result ?? [], internal: answer?.internalProperties ?? [] };
  }

  private original({
    scriptId,
    lineNumber,
    columnNumber,
  }: {
    scriptId: string;
    lineNumber: number;
    columnNumber: number;
  }): Line | null {
    const url = this.scripts.get(scriptId);
    if (url === undefined) return null;
    const script = url.startsWith('file:') ? fileURLToPath(url) : url;
    const map = this.mapOf(script);
    if (map === null) return script.endsWith('.ts') ? this.line(script, lineNumber) : null;
    const entry = map.findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry)) return null;
    return this.line(resolve(dirname(script), entry.originalSource), entry.originalLine);
  }

  /** Paths are told from the root of the sources on, wherever that is. */
  private line(file: string, line: number): Line | null {
    const path = /(?:^|\/)(app\/(?:kernel|console|sim|scenario)\/.+)$/.exec(file.replaceAll('\\', '/'))?.[1];
    return path === undefined ? null : { file: path, line: line + 1 };
  }

  private mapOf(script: string): SourceMap | null {
    const known = this.maps.get(script);
    if (known !== undefined) return known;
    const map = loadMap(script);
    this.maps.set(script, map);
    return map;
  }
}

function loadMap(script: string): SourceMap | null {
  const file = `${script}.map`;
  if (!existsSync(file)) return null;
  try {
    return new SourceMap(
      JSON.parse(readFileSync(file, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
    );
  } catch {
    return null;
  }
}
