import { expect, test } from 'vitest';
import { serviceOf } from './dispatch.ts';
import type { Area } from './area.ts';
import { ServiceError } from './contract/wire.ts';

const area = (over: Partial<Area>): Area => ({ methods: {}, ...over });

test('a method is called with checked parameters only', async () => {
  const seen: unknown[] = [];
  const service = serviceOf([
    area({
      methods: {
        'file/read': (params) => {
          seen.push(params);
          return { text: '', etag: '', readOnly: true, draft: null };
        },
      },
    }),
  ]);
  const owner = service.connect('owner');
  await owner.call('file/read', { path: 'user/a.yaml' });
  await expect(owner.call('file/read', { path: 'user/../a.yaml' })).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(owner.call('file/read', { path: 'user/a', more: 1 } as never)).rejects.toMatchObject({
    code: 'invalid',
  });
  expect(seen).toEqual([{ path: 'user/a.yaml' }]);
});

test('names that are no methods are refused, those of prototypes as well', async () => {
  const owner = serviceOf([]).connect('owner');
  for (const name of ['no/such', 'constructor', '__proto__', 'toString']) {
    await expect(owner.call(name as never, {} as never)).rejects.toMatchObject({ code: 'not-found' });
  }
  expect(() => owner.subscribe('constructor' as never, {} as never, () => undefined)).toThrow(ServiceError);
  await expect(owner.call('share/stop', {})).rejects.toMatchObject({ code: 'unavailable' });
});

test('a viewer may look, and change nothing', async () => {
  const service = serviceOf([
    area({
      methods: { 'run/list': () => ({ runs: [] }), 'file/delete': () => ({}) },
      topics: { 'workspace/changes': () => () => undefined, 'guest/events': () => () => undefined },
    }),
  ]);
  const viewer = service.connect('viewer');
  expect(await viewer.call('run/list', {})).toEqual({ runs: [] });
  await expect(viewer.call('file/delete', { path: 'user/a.yaml' })).rejects.toMatchObject({
    code: 'forbidden',
  });
  expect(() => viewer.subscribe('workspace/changes', {}, () => undefined)).toThrow(/looks on/);
  viewer.subscribe('guest/events', {}, () => undefined)();
});

test('a call ends when its caller cancels it, even if the work goes on', async () => {
  let aborted = false;
  const service = serviceOf([
    area({
      methods: {
        'run/list': (_params, { signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          return new Promise(() => undefined);
        },
      },
    }),
  ]);
  const cancel = new AbortController();
  const call = service.connect('owner').call('run/list', {}, cancel.signal);
  cancel.abort();
  await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  expect(aborted).toBe(true);
});

test('no listener is called after the end of its subscription, its connection or the service', async () => {
  const emitters: ((event: { paths: string[] }) => void)[] = [];
  let stopped = 0;
  const service = serviceOf([
    area({
      topics: {
        'workspace/changes': (_params, emit) => {
          emitters.push(emit);
          return () => stopped++;
        },
      },
    }),
  ]);
  const seen: string[] = [];
  const owner = service.connect('owner');
  const end = owner.subscribe('workspace/changes', {}, ({ paths }) => seen.push(...paths));
  owner.subscribe('workspace/changes', {}, ({ paths }) => seen.push(...paths));
  emitters[0]({ paths: ['user/a'] });
  end();
  end();
  emitters[0]({ paths: ['user/b'] });
  emitters[1]({ paths: ['user/c'] });
  await service.dispose();
  emitters[1]({ paths: ['user/d'] });
  expect(seen).toEqual(['user/a', 'user/c']);
  expect(stopped).toBe(2);
  await expect(owner.call('run/list', {})).rejects.toMatchObject({ code: 'cancelled' });
  expect(() => service.connect('owner')).toThrow(/has ended/);
});

test('whatever fails is a ServiceError', async () => {
  const service = serviceOf([
    area({
      methods: {
        'run/list': () => {
          throw new TypeError('no such thing');
        },
      },
    }),
  ]);
  await expect(service.connect('owner').call('run/list', {})).rejects.toMatchObject({
    name: 'ServiceError',
    code: 'failed',
    message: 'no such thing',
  });
});
