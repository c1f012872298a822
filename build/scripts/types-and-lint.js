// Types and lint in one process: the linter asks for the types of everything, and need not compute them again.
// What `tsc -p` and `eslint .` say one after the other (npm run types, npm run lint), in two thirds of the time.
import { join } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { root } from './bootstrap.js';

const projects = [
  {
    name: 'types of the pure folders',
    config: 'tsconfig.pure.json',
    repair: 'these folders know no Node and no DOM: tsconfig.pure.json says why',
  },
  {
    name: 'types',
    config: 'tsconfig.json',
    repair: 'npm run types shows them again',
    lints: {},
  },
  {
    name: 'types of the renderer',
    config: 'renderer/tsconfig.json',
    repair: 'the renderer knows the DOM and no Node: npm run types:renderer shows them again',
    lints: { files: ['renderer/**'] },
  },
  {
    name: 'types of the preload script',
    config: 'main/preload/tsconfig.json',
    repair: 'the preload script knows the DOM and no Node: npm run types shows them again',
    lints: { files: ['main/preload/**'] },
  },
];

/**
 * Files are parsed once for all projects, which agree on the options that parsing depends on.
 *
 * @type {Map<string, ts.SourceFile | undefined>}
 */
const parsed = new Map();

const shown = {
  getCanonicalFileName: (/** @type {string} */ name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};
const format = process.env['FORCE_COLOR'] ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;

// The linter's parser takes these programs instead of making its own.
const programs = projects.flatMap(({ name, config, repair, lints }) => {
  const startedMs = performance.now();
  const program = programOf(config);
  const mistakes = ts.getPreEmitDiagnostics(program);
  tell(name, startedMs, format(mistakes, shown), repair);
  if (lints === undefined) return [];
  return [{ ...lints, languageOptions: { parserOptions: { projectService: false, programs: [program] } } }];
});

const startedMs = performance.now();
const eslint = new ESLint({ cwd: root, overrideConfig: programs });
const results = await eslint.lintFiles(['.']);
const formatter = await eslint.loadFormatter('stylish');
const found = results.some(({ messages }) => messages.length > 0);
const text = found ? await formatter.format(results) : '';
tell('lint', startedMs, text, 'npm run lint:fix repairs some; the rest is by hand');

/** @param {string} config */
function programOf(config) {
  const read = ts.getParsedCommandLineOfConfigFile(join(root, config), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (mistake) => {
      throw new Error(ts.formatDiagnostics([mistake], shown));
    },
  });
  if (read === undefined) throw new Error(`${config} cannot be read`);
  // What earlier runs have left is for those who only look at types: the linter needs all of them.
  const { incremental: _, tsBuildInfoFile: __, ...options } = read.options;
  const host = ts.createCompilerHost(options, true);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (file, how, ...rest) => {
    const key = JSON.stringify([file, typeof how === 'object' ? { ...how } : how]);
    if (!parsed.has(key)) parsed.set(key, parse(file, how, ...rest));
    return parsed.get(key);
  };
  const { fileNames: rootNames, errors: configFileParsingDiagnostics } = read;
  return ts.createProgram({ rootNames, options, host, configFileParsingDiagnostics });
}

/**
 * @param {string} name
 * @param {number} startedMs
 * @param {string} text empty if all is well
 * @param {string} repair
 */
function tell(name, startedMs, text, repair) {
  const took = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  if (text === '') {
    console.log(`ok      ${name} (${took})`);
    return;
  }
  console.log(`${text.trimEnd()}\nFAILED  ${name} (${took}): ${repair}`);
  process.exitCode = 1;
}
