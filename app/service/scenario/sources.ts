import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceError } from '../contract/wire.ts';

/** What can be read of the model: the kernel and the programs of the guest. */
const FOLDERS = ['app/kernel', 'app/console/programs', 'app/console/userland'];

export interface SourcePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

interface TreeFile {
  readonly base: string | null;
  /** The model files whose replacements it takes. */
  readonly takes: readonly string[];
}

/**
 * The model's own source, read only. It says where a kernel function is written: the body that a tree or a patch
 * puts in its place, or the one of its own file.
 */
export class Sources {
  private readonly texts = new Map<string, string>();
  /** By kernel name. */
  private readonly functions = new Map<string, SourcePlace>();
  /** By kernel name: bodies that stand in for it, in trees and patches. */
  private readonly replacements = new Map<string, SourcePlace[]>();
  /** Anything else with a name: helpers, patches, programs. */
  private readonly others = new Map<string, SourcePlace>();
  private readonly named = new Map<string, SourcePlace>();
  private readonly trees = new Map<string, TreeFile>();
  /** What the model calls a kernel function where that is not its kernel name. */
  private readonly aliases = new Map<string, string>();
  private readonly events = new Map<string, SourcePlace>();
  private loaded = false;

  constructor(
    /** The folder that holds `app/kernel`. */
    private readonly folder: string,
  ) {}

  files(): string[] {
    this.load();
    return [...this.texts.keys()];
  }

  read(file: string): string {
    this.load();
    const text = this.texts.get(file);
    if (text === undefined) throw new ServiceError('not-found', `${file} is no file of the model`);
    return text;
  }

  /** Where a kernel function, a patch, a program or a helper is written. */
  find(name: string, tree?: string, patches: readonly string[] = []): SourcePlace | null {
    this.load();
    return (
      this.replacement(name, tree, patches) ??
      this.functions.get(name) ??
      this.named.get(name) ??
      this.others.get(name) ??
      this.quoted(name)
    );
  }

  /** A patch, a program or a tree by its name. */
  findNamed(name: string): SourcePlace | null {
    this.load();
    return this.named.get(name) ?? this.others.get(name) ?? this.quoted(name);
  }

  /** The kernel function whose body a line belongs to: the last one that begins above it. */
  functionAround(file: string, line: number): string | null {
    this.load();
    let best: string | null = null;
    let bestLine = 0;
    const look = (name: string, place: SourcePlace) => {
      if (place.file !== file || place.line > line || place.line < bestLine) return;
      best = name;
      bestLine = place.line;
    };
    for (const [name, place] of this.functions) look(name, place);
    for (const [name, places] of this.replacements) for (const place of places) look(name, place);
    return best;
  }

  /** `oom:mark_victim` with the first place that emits it, in alphabetical order. */
  traceEvents(): [string, SourcePlace][] {
    this.load();
    return [...this.events].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private replacement(
    name: string,
    tree: string | undefined,
    patches: readonly string[],
  ): SourcePlace | null {
    const places = this.replacements.get(this.aliases.get(name) ?? name);
    if (places === undefined) return null;
    for (const patch of [...patches].reverse()) {
      const file = this.named.get(patch)?.file;
      const place = places.find((each) => each.file === file);
      if (place !== undefined) return place;
    }
    for (let at = tree; at !== undefined; at = this.trees.get(at)?.base ?? undefined) {
      const takes = this.trees.get(at)?.takes ?? [];
      const place = places.find((each) => takes.includes(each.file));
      if (place !== undefined) return place;
    }
    return null;
  }

  /** Functions that are registered in a loop, from a table of names. */
  private quoted(name: string): SourcePlace | null {
    for (const [file, text] of this.texts) {
      const at = text.indexOf(`'${name}'`);
      if (at >= 0) return { file, line: lineCounter(text)(at) };
    }
    return null;
  }

  private load(): void {
    if (this.loaded) return;
    this.loaded = true;
    const files = FOLDERS.flatMap((folder) => sourceFiles(this.folder, folder)).sort();
    for (const file of files) this.texts.set(file, readFileSync(join(this.folder, file), 'utf8'));
    for (const [file, text] of this.texts) this.scan(file, text);
    const treesByVariable = new Map<string, string>();
    for (const [file, text] of this.texts) {
      const variable = file.includes('/trees/') ? /const (\w+): Tree = /.exec(text)?.[1] : undefined;
      const name = /name: '([^']+)'/.exec(text)?.[1];
      if (variable !== undefined && name !== undefined) treesByVariable.set(variable, name);
    }
    for (const [file, text] of this.texts) if (file.includes('/trees/')) this.scanTree(text, treesByVariable);
  }

  private scan(file: string, text: string): void {
    const lineAt = lineCounter(text);
    const each = (pattern: RegExp, note: (match: RegExpExecArray, place: SourcePlace) => void) => {
      for (const match of text.matchAll(pattern)) note(match, { file, line: lineAt(match.index) });
    };
    each(/\bkfunc\(\s*'([^']+)'/g, ([, name], place) => this.functions.set(name, place));
    each(/\bconst (\w+) = kfunc\(\s*'([^']+)'/g, ([, variable, name]) => {
      if (variable !== name) this.aliases.set(name, variable);
    });
    if (file !== 'app/kernel/kfunc.ts') {
      each(/\b(?:replace|extend)\(\s*([A-Za-z_]\w*),/g, ([, name], place) => {
        const list = this.replacements.get(name);
        if (list === undefined) this.replacements.set(name, [place]);
        else list.push(place);
      });
    }
    each(/^(?:export )?(?:function\*?|const|class|interface) (\w+)/gm, ([, name], place) => {
      if (!this.others.has(name)) this.others.set(name, place);
    });
    if (/\/(?:trees|patches|programs)\//.test(file)) {
      each(/^ +name: '([^']+)'/gm, ([, name], place) => {
        if (!this.named.has(name)) this.named.set(name, place);
      });
    }
    each(/\btrace_event\(\s*'(\w+)',\s*'(\w+)'/g, ([, system, name], place) => {
      const event = `${system}:${name}`;
      if (!this.events.has(event)) this.events.set(event, place);
    });
  }

  private scanTree(text: string, byVariable: ReadonlyMap<string, string>): void {
    const name = /name: '([^']+)'/.exec(text)?.[1];
    if (name === undefined) return;
    const base = /^ +base: (\w+)/m.exec(text)?.[1];
    this.trees.set(name, {
      base: base === undefined ? null : (byVariable.get(base) ?? null),
      takes: [...text.matchAll(/from '\.\.\/([^']+)'/g)].map(([, path]) => `app/kernel/${path}`),
    });
  }
}

function sourceFiles(root: string, folder: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return entries
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/testing/'));
}

/** Line numbers (from 1) of offsets, asked for in any order. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
