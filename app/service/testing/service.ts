import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Connection, Service } from '../dispatch.ts';
import { createService, type ServiceOptions } from '../service.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Bench {
  readonly service: Service;
  readonly owner: Connection;
  readonly options: ServiceOptions;
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scythe-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A service on folders of its own, with the bundled scenarios and the model's source. */
export function startBench(changes: Partial<ServiceOptions> = {}): Bench {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'user'));
  const options: ServiceOptions = {
    bundledDir: join(root, 'scenarios'),
    userDir: join(folder, 'user'),
    stateDir: join(folder, 'state'),
    sourceDir: root,
    ...changes,
  };
  const service = createService(options);
  onTestFinished(() => service.dispose());
  return { service, owner: service.connect('owner'), options };
}
