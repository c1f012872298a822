import { join } from 'node:path';
import { VERSION } from '../../app/base/version.ts';
import type { Area } from '../../app/service/area.ts';
import type { Service } from '../../app/service/dispatch.ts';
import { createService, type ServiceOptions } from '../../app/service/service.ts';
import { sharingArea } from './sharing.ts';

/** The service as both hosts run it: with the part that needs a server. */
export function createWorkbench(
  options: Omit<ServiceOptions, 'areas'>,
  root: string,
  others: readonly Area[] = [],
): Service {
  const service: Service = createService({
    ...options,
    areas: [
      ...others,
      sharingArea({
        folder: join(root, 'dist/renderer'),
        version: VERSION,
        connectViewer: () => service.connect('viewer'),
      }),
    ],
  });
  return service;
}
