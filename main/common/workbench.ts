import { join } from 'node:path';
import { VERSION } from '../../app/base/version.ts';
import { createService, type ServiceOptions } from '../../app/service/service.ts';
import { sharingArea } from './sharing.ts';

/** The service as both hosts run it: with the part that needs a server. */
export function createWorkbench(options: Omit<ServiceOptions, 'areas'>, root: string) {
  const service = createService({
    ...options,
    areas: [
      sharingArea({
        folder: join(root, 'dist/renderer'),
        version: VERSION,
        connectViewer: () => service.connect('viewer'),
      }),
    ],
  });
  return service;
}
