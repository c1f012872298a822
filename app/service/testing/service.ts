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

/** A service that outlives a test: for `beforeAll`. Whoever opens it closes it. */
export function openBench(): Bench & { close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'scythe-'));
  const options = optionsIn(folder);
  const service = createService(options);
  const close = async () => {
    await service.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  return { service, owner: service.connect('owner'), options, close };
}

function optionsIn(folder: string): ServiceOptions {
  return {
    bundledDir: join(root, 'scenarios'),
    userDir: join(folder, 'user'),
    stateDir: join(folder, 'state'),
    sourceDir: root,
  };
}

/** A service on folders of its own, with the bundled scenarios and the model's source. */
export function startBench(changes: Partial<ServiceOptions> = {}): Bench {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'user'));
  const options: ServiceOptions = { ...optionsIn(folder), ...changes };
  const service = createService(options);
  onTestFinished(() => service.dispose());
  return { service, owner: service.connect('owner'), options };
}
