import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { entries, pages, split } from './scripts/entries.js';
import { icns, ico } from './scripts/icon-files.js';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Configuration {
  readonly files: readonly string[];
  readonly asar: boolean;
  readonly asarUnpack: readonly string[];
  readonly electronFuses: Readonly<Record<string, boolean>>;
  readonly fileAssociations: readonly { readonly ext: string }[];
  readonly protocols: readonly { readonly schemes: readonly string[] }[];
  readonly linux: { readonly icon: string; readonly target: readonly string[] };
  readonly mac: { readonly icon: string; readonly target: string };
  readonly win: { readonly icon: string; readonly target: string };
}

const configuration = parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8')) as Configuration;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly main: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
const included = configuration.files.filter((pattern) => !pattern.startsWith('!'));

/** Is a file among those that are packaged? Patterns here end in `/**` or name one kind of file below a folder. */
function isPackaged(file: string): boolean {
  return included.some((pattern) => {
    const [folder, rest] = pattern.split('/**');
    return rest === undefined ? file === pattern : file.startsWith(`${folder}/`);
  });
}

/** electron-builder's own check of a configuration, from the package that it uses for that. */
async function validate(config: unknown): Promise<void> {
  const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
  const { validateConfiguration } = builder('app-builder-lib/out/util/config/config') as {
    validateConfiguration(config: unknown, logger: { add(): void; isEnabled: boolean }): Promise<void>;
  };
  await validateConfiguration(config, { add: () => undefined, isEnabled: false });
}

describe('electron-builder.yml', () => {
  test('is what electron-builder understands', async () => {
    await expect(validate(configuration)).resolves.toBeUndefined();
    await expect(validate({ ...configuration, asarUnpacked: [] })).rejects.toThrow(/asarUnpacked/);
  });

  test('asks for AppImage, deb, dmg and nsis', () => {
    expect(configuration.linux.target).toEqual(['deb', 'AppImage']);
    expect(configuration.mac.target).toBe('dmg');
    expect(configuration.win.target).toBe('nsis');
  });

  test('sets the fuses', () => {
    expect(configuration.electronFuses).toEqual({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
  });

  test('packages the main program, what it starts, and what it shows', () => {
    const bundles = [entries, split, pages].flatMap((each) => Object.keys(each));
    expect(bundles).toContain(manifest.main);
    // The command line and the web host are for those who have Node.
    const needed = bundles.filter((file) => !/^dist\/(cli|web)\//.test(file));
    expect(needed.length).toBeGreaterThan(3);
    const shown = ['scenarios/kvm-oom/reap.yaml', 'app/kernel/mm/mmap.ts', 'dist/renderer/index.html'];
    for (const file of [...needed, ...shown, 'package.json']) expect(file).toSatisfy(isPackaged);
    for (const file of ['renderer/main.tsx', 'docs/search.md', 'app/cli/main.ts']) {
      expect(file).not.toSatisfy(isPackaged);
    }
  });

  test('names folders that exist, or that the build makes', () => {
    for (const pattern of included) {
      const [place = ''] = pattern.split('/**');
      expect(place.startsWith('dist/') || existsSync(join(root, place)), place).toBe(true);
    }
  });

  test('has the native module outside of the archive', () => {
    expect(configuration.asar).toBe(true);
    expect(configuration.asarUnpack).toContain('node_modules/node-pty/**');
    expect(manifest.optionalDependencies).toHaveProperty('node-pty');
    // What the bundles leave to Node has to ship as a package.
    const bundler = readFileSync(join(root, 'build/scripts/bundle.js'), 'utf8');
    const [, external = ''] = /external: \[(.*)\]/.exec(bundler) ?? [];
    const packages = [...external.matchAll(/'([^']+)'/g)].map(([, name]) => name);
    expect(packages).toContain('just-bash');
    for (const name of packages) {
      // Electron is the host itself; others of these serve benchmarks only, which the layers make sure of.
      if (name in manifest.devDependencies) continue;
      expect({ ...manifest.dependencies, ...manifest.optionalDependencies }).toHaveProperty(name);
    }
  });

  test('opens replays, scenarios and links', () => {
    expect(configuration.fileAssociations.map(({ ext }) => ext)).toEqual(['replay', 'scythe.yaml']);
    expect(configuration.protocols.flatMap(({ schemes }) => schemes)).toEqual(['scythe']);
  });
});

describe('icons', () => {
  const picture = (name: string) => readFileSync(join(root, name));

  test('are there in all sizes, as what their names say', () => {
    const names = readdirSync(join(root, configuration.linux.icon)).filter((name) => name.endsWith('.png'));
    for (const size of [16, 32, 48, 64, 128, 256, 512]) expect(names).toContain(`${size}x${size}.png`);
    for (const name of names) {
      const png = picture(join(configuration.linux.icon, name));
      expect(png.toString('latin1', 1, 4)).toBe('PNG');
      expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}.png`).toBe(name);
    }
  });

  test('stand in the containers of Windows and macOS', () => {
    const names = readdirSync(join(root, configuration.linux.icon)).filter((name) => name.endsWith('.png'));
    const pictures = new Map(
      names.map((name) => [parseInt(name), picture(join(configuration.linux.icon, name))]),
    );
    expect(ico(pictures).equals(picture(configuration.win.icon))).toBe(true);
    expect(icns(pictures).equals(picture(configuration.mac.icon))).toBe(true);
    const container = icns(pictures);
    expect(container.readUInt32BE(4)).toBe(container.length);
  });
});
