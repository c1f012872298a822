import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBench, temporaryFolder } from '../testing/service.ts';

test('the bundled scenarios are listed with their titles, and can be read but not written', async () => {
  const { owner } = startBench();
  const { files } = await owner.call('workspace/list', {});
  expect(files).toContainEqual({
    path: 'bundled/kvm-oom/reap.yaml',
    kind: 'scenario',
    readOnly: true,
    title: 'The memory of a process that owns a virtual machine is reaped',
  });
  const { text, etag, readOnly } = await owner.call('file/read', { path: 'bundled/kvm-oom/reap.yaml' });
  expect(text).toContain('scythe: 1');
  expect(readOnly).toBe(true);
  await expect(
    owner.call('file/write', { path: 'bundled/kvm-oom/reap.yaml', text: '', etag }),
  ).rejects.toMatchObject({ code: 'forbidden' });
});

test('a file is written whole, and not over what others have written meanwhile', async () => {
  const { owner, options } = startBench();
  const path = 'user/deep/my.yaml';
  const { etag } = await owner.call('file/write', { path, text: 'scythe: 1\n', etag: null });
  await expect(owner.call('file/write', { path, text: 'other', etag: null })).rejects.toMatchObject({
    code: 'conflict',
  });
  writeFileSync(join(options.userDir, 'deep/my.yaml'), 'changed by hand\n');
  await expect(owner.call('file/write', { path, text: 'mine', etag })).rejects.toMatchObject({
    code: 'conflict',
    message: 'user/deep/my.yaml has been changed by others',
  });
  const now = await owner.call('file/read', { path });
  expect(now.text).toBe('changed by hand\n');
  await owner.call('file/write', { path, text: 'mine', etag: now.etag });
  expect(readFileSync(join(options.userDir, 'deep/my.yaml'), 'utf8')).toBe('mine');
  expect(readdirSync(join(options.userDir, 'deep'))).toEqual(['my.yaml']);
});

test('nothing outside of the folders is reached, by links neither', async () => {
  const { owner, options } = startBench();
  const outside = temporaryFolder();
  writeFileSync(join(outside, 'secret'), 'secret');
  symlinkSync(outside, join(options.userDir, 'folder'));
  symlinkSync(join(outside, 'secret'), join(options.userDir, 'file'));
  symlinkSync(join(outside, 'not-there'), join(options.userDir, 'dangling'));
  for (const path of ['user/folder/secret', 'user/file', 'user/dangling', 'user/folder/new']) {
    await expect(owner.call('file/read', { path })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(owner.call('file/write', { path, text: '', etag: null })).rejects.toMatchObject({
      code: 'forbidden',
    });
  }
  await expect(owner.call('file/read', { path: 'etc/passwd' })).rejects.toMatchObject({ code: 'not-found' });
  await expect(owner.call('state/read', { key: '../x' })).rejects.toMatchObject({ code: 'invalid' });
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(existsSync(join(outside, 'not-there'))).toBe(false);
});

test('drafts outlive the workbench, also of files that were never saved', async () => {
  const first = startBench();
  await first.owner.call('file/write', { path: 'user/a.yaml', text: 'saved', etag: null });
  await first.owner.call('file/draft', { path: 'user/a.yaml', text: 'typed' });
  await first.owner.call('file/draft', { path: 'user/new.yaml', text: 'scythe: 1\ntitle: New\n' });
  await first.service.dispose();

  const { owner } = startBench(first.options);
  expect(await owner.call('file/read', { path: 'user/a.yaml' })).toMatchObject({
    text: 'saved',
    draft: 'typed',
  });
  const { files } = await owner.call('workspace/list', {});
  expect(files).toContainEqual({ path: 'user/new.yaml', kind: 'scenario', readOnly: false, title: 'New' });
  const { draft, etag } = await owner.call('file/read', { path: 'user/new.yaml' });
  await owner.call('file/write', { path: 'user/new.yaml', text: draft ?? '', etag });
  expect(await owner.call('file/read', { path: 'user/new.yaml' })).toMatchObject({ draft: null });
});

test('a file is renamed with its draft, never onto another one, and deleted', async () => {
  const { owner } = startBench();
  await owner.call('file/write', { path: 'user/a.yaml', text: 'a', etag: null });
  await owner.call('file/write', { path: 'user/b.yaml', text: 'b', etag: null });
  await owner.call('file/draft', { path: 'user/a.yaml', text: 'aa' });
  await expect(owner.call('file/rename', { from: 'user/a.yaml', to: 'user/b.yaml' })).rejects.toMatchObject({
    code: 'conflict',
  });
  await owner.call('file/rename', { from: 'user/a.yaml', to: 'user/sub/c.yaml' });
  expect(await owner.call('file/read', { path: 'user/sub/c.yaml' })).toMatchObject({
    text: 'a',
    draft: 'aa',
  });
  await owner.call('file/delete', { path: 'user/sub/c.yaml' });
  await expect(owner.call('file/read', { path: 'user/sub/c.yaml' })).rejects.toMatchObject({
    code: 'not-found',
  });
});

test('others hear of changes, whoever made them', async () => {
  const { service, owner, options } = startBench();
  const other = service.connect('owner');
  const mine: string[] = [];
  const theirs: string[] = [];
  owner.subscribe('workspace/changes', {}, ({ paths }) => mine.push(...paths));
  other.subscribe('workspace/changes', {}, ({ paths }) => theirs.push(...paths));
  await owner.call('file/write', { path: 'user/a.yaml', text: 'a', etag: null });
  expect(theirs).toEqual(['user/a.yaml']);
  mkdirSync(join(options.userDir, 'sub'));
  writeFileSync(join(options.userDir, 'sub/b.yaml'), 'b');
  await expect.poll(() => mine, { timeout: 5_000 }).toEqual(['user/sub/b.yaml']);
});

test('state is kept by key, and damaged state is set aside', async () => {
  const { owner, options } = startBench();
  expect(await owner.call('state/read', { key: 'layout' })).toEqual({ value: null });
  await owner.call('state/write', { key: 'layout', value: { panels: [1, 2] } });
  expect(await owner.call('state/read', { key: 'layout' })).toEqual({ value: { panels: [1, 2] } });
  writeFileSync(join(options.stateDir, 'layout.json'), '{"panels": [1,');
  expect(await owner.call('state/read', { key: 'layout' })).toEqual({ value: null });
  expect(existsSync(join(options.stateDir, 'layout.json.broken'))).toBe(true);
});
