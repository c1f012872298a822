import type { GuestInfo } from '../../app/service/contract/guests.ts';
import type { Inspection } from '../../app/service/contract/inspection.ts';
import type { Breakpoint, LogLine, RunSummary } from '../../app/service/contract/runs.ts';
import type {
  CatalogueData,
  KernelSettings,
  Overrides,
  ScenarioIssue,
} from '../../app/service/contract/scenario.ts';
import type { MatrixState, SearchState } from '../../app/service/contract/search.ts';
import type { ShareState } from '../../app/service/contract/share.ts';
import type { TraceData } from '../../app/service/contract/trace.ts';
import type { FileEntry } from '../../app/service/contract/workspace.ts';
import type { HostState } from '../host/host.ts';
import { defaultSettings, type Settings } from './settings.ts';

/** A file that is open in an editor. */
export interface Document {
  readonly path: string;
  readonly text: string;
  /** As it is on disk. */
  readonly saved: string;
  readonly etag: string | null;
  readonly readOnly: boolean;
  /** Raised when the text comes from elsewhere than the editor, which then takes it over. */
  readonly revision: number;
}

/** What the service says of a scenario's text. */
export interface ScenarioCheck {
  readonly issues: readonly ScenarioIssue[];
  readonly name: string | null;
  readonly kernel: KernelSettings | null;
  readonly actors: readonly string[];
  readonly outline: readonly { name: string; detail: string; line: number; depth: number }[];
}

export type RunEntry =
  | {
      readonly id: string;
      readonly state: 'running';
      readonly title: string;
      readonly steps: number;
      readonly nowNs: number;
    }
  | { readonly id: string; readonly state: 'done'; readonly title: string; readonly summary: RunSummary }
  | {
      readonly id: string;
      readonly state: 'failed';
      readonly title: string;
      readonly message: string;
      readonly fix: string | null;
    };

export interface Toast {
  readonly id: number;
  readonly kind: 'error' | 'info' | 'success';
  readonly text: string;
  readonly detail: string | null;
  /** What can be done about it: the id of a command. */
  readonly command: string | null;
}

/** All that the user interface knows. Panels read it; actions change it. */
export interface State {
  readonly host: HostState;
  readonly settings: Settings;
  readonly catalogue: CatalogueData | null;

  readonly files: readonly FileEntry[];
  readonly documents: ReadonlyMap<string, Document>;
  readonly activeDocument: string | null;
  /** What was looked at last comes first. */
  readonly recentFiles: readonly string[];
  /** A file that is shown beside another one, or beside what is saved of it. */
  readonly diff: { readonly path: string; readonly other: string | null } | null;
  /** Markdown files that are shown as they are written, not as a page. */
  readonly asText: ReadonlySet<string>;
  readonly checks: ReadonlyMap<string, ScenarioCheck>;
  /** Kernel settings above those of the scenario, per scenario file. */
  readonly overrides: ReadonlyMap<string, Overrides>;

  readonly runs: ReadonlyMap<string, RunEntry>;
  readonly activeRun: string | null;
  /** The run that the active one is compared with. */
  readonly otherRun: string | null;
  /** The step that everything shows, of the active run. */
  readonly cursor: number | null;
  /** The last inspection that came: it may be that of a step a moment ago. */
  readonly inspection: { readonly run: string; readonly value: Inspection } | null;
  readonly traces: ReadonlyMap<string, TraceData>;
  readonly logs: ReadonlyMap<string, readonly LogLine[]>;
  readonly breakpoints: readonly Breakpoint[];
  /** The place that the source panel shows, if it does not follow the cursor. */
  readonly sourceAt: { readonly file: string; readonly line: number } | null;
  /** The task that steps follow: by its id in inspections. */
  readonly selectedTask: number | null;
  readonly playing: boolean;
  /** What the last step came to, in words. */
  readonly lastStep: string;

  readonly searches: ReadonlyMap<string, SearchState>;
  readonly matrices: ReadonlyMap<string, MatrixState>;
  readonly guests: ReadonlyMap<string, GuestInfo>;
  readonly activeGuest: string | null;
  readonly share: ShareState;
  /** As a viewer: what the owner looks at is shown here too. */
  readonly following: boolean;

  readonly toasts: readonly Toast[];
  readonly paletteOpen: 'commands' | 'files' | 'compare' | null;
  readonly dialog: DialogName | null;
  /** The station of the tour that is on, by its place. */
  readonly tour: number | null;
}

export type DialogName = 'shortcuts' | 'share' | 'about' | 'explore' | 'matrix';

export const initialState: State = {
  host: { kind: 'connecting' },
  settings: defaultSettings,
  catalogue: null,
  files: [],
  documents: new Map(),
  activeDocument: null,
  recentFiles: [],
  diff: null,
  asText: new Set(),
  checks: new Map(),
  overrides: new Map(),
  runs: new Map(),
  activeRun: null,
  otherRun: null,
  cursor: null,
  inspection: null,
  traces: new Map(),
  logs: new Map(),
  breakpoints: [],
  sourceAt: null,
  selectedTask: null,
  playing: false,
  lastStep: '',
  searches: new Map(),
  matrices: new Map(),
  guests: new Map(),
  activeGuest: null,
  share: { active: false, url: null, viewers: [] },
  following: true,
  toasts: [],
  paletteOpen: null,
  dialog: null,
  tour: null,
};

/** The map with one entry more, or changed. */
export function withEntry<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value,
): ReadonlyMap<string, Value> {
  return new Map(map).set(key, value);
}

export function withoutEntry<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
): ReadonlyMap<string, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
