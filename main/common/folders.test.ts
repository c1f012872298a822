import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findRoot, foldersIn } from './folders.ts';

test('the root is the nearest folder with scenarios and package.json: a checkout, or an archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scythe-root-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Electron shows an archive as a folder of this name.
  const archive = join(folder, 'resources/app.asar');
  mkdirSync(join(archive, 'scenarios'), { recursive: true });
  mkdirSync(join(archive, 'dist/electron'), { recursive: true });
  writeFileSync(join(archive, 'package.json'), '{}');
  writeFileSync(join(folder, 'package.json'), '{}');
  expect(findRoot(join(archive, 'dist/electron'))).toBe(archive);
  expect(() => findRoot(join(folder, 'resources'))).toThrow('no folder above');
});

test("what is the user's is never inside of what comes with the workbench", () => {
  const { bundledDir, sourceDir, userDir, stateDir } = foldersIn(
    '/opt/Scythe/resources/app.asar',
    '/home/me/d',
  );
  expect([bundledDir, sourceDir]).toEqual([
    '/opt/Scythe/resources/app.asar/scenarios',
    '/opt/Scythe/resources/app.asar',
  ]);
  expect([userDir, stateDir]).toEqual(['/home/me/d/files', '/home/me/d/state']);
});
