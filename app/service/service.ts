import { mkdirSync } from 'node:fs';
import type { Area } from './area.ts';
import { scenarioArea } from './scenario/area.ts';
import { Sources } from './scenario/sources.ts';
import { serviceOf, type Service } from './dispatch.ts';
import { bundledVng, createGuests } from './guests/area.ts';
import type { VngProgram } from './guests/guest.ts';
import { runsArea } from './runs/area.ts';
import { searchesArea } from './searches/area.ts';
import { bundledProgram, threadStarter } from './threads/thread.ts';
import { workspaceArea } from './workspace/area.ts';

/** Where the service finds and keeps things. */
export interface ServiceOptions {
  /** The scenarios that come with Scythe. Never written to. */
  readonly bundledDir: string;
  /** The user's own scenarios, replays and traces. */
  readonly userDir: string;
  /** Layout, settings and drafts. */
  readonly stateDir: string;
  /** The folder that holds `app/kernel`, the model's source as it is shown. */
  readonly sourceDir: string;
  /** The program of the service's threads; by default the one beside the bundle, and in tests this thread. */
  readonly threadProgram?: string | null;
  /** How `vng` is started for guests; by default the one beside the bundle. */
  readonly vng?: VngProgram | null;
  /** Parts that only a host can provide: sharing, for instance. */
  readonly areas?: readonly Area[];
}

/** The workbench's service, ready for callers. */
export function createService(options: ServiceOptions): Service {
  mkdirSync(options.userDir, { recursive: true });
  mkdirSync(options.stateDir, { recursive: true });
  const sources = new Sources(options.sourceDir);
  const startThread = threadStarter(options.threadProgram ?? bundledProgram());
  const guests = createGuests({
    program: options.vng ?? bundledVng(),
    folder: options.userDir,
    stateDir: options.stateDir,
  });
  return serviceOf([
    workspaceArea(options),
    scenarioArea(sources),
    runsArea({ startThread, sources, scenarioOfGuest: (guest) => guests.scenarioOf(guest) }),
    searchesArea(startThread),
    guests.area,
    ...(options.areas ?? []),
  ]);
}
