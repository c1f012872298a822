// Who imports whom. Each folder may import itself and the folders beside it, nothing else of ours.
const lab = ['app/base', 'app/sim', 'app/kernel', 'app/explore', 'app/trace', 'app/console', 'app/scenario'];
/** @type {Record<string, string[]>} */
const mayImport = {
  'app/base': [],
  'app/sim': ['app/base'],
  'app/kernel': ['app/base', 'app/sim'],
  'app/explore': ['app/base', 'app/sim'],
  'app/trace': ['app/base', 'app/sim'],
  'app/console': ['app/base', 'app/sim', 'app/kernel'],
  'app/scenario': lab,
  'app/debug': lab,
  'app/vng': lab,
  'app/service': [...lab, 'app/debug', 'app/vng'],
  'app/cli': [...lab, 'app/vng', 'app/service'],
  main: ['app/base', 'app/service'],
  renderer: ['app/base', 'app/service', 'app/trace'],
};

/** Folders whose code is a pure function of its arguments: no Node, no packages. */
const pure = ['app/base', 'app/sim', 'app/kernel', 'app/explore'];

/** Tests, and helpers for tests: `x.test.ts` beside `x.ts`, and whatever is in a folder `testing`. */
const tests = '\\.test\\.ts$|/testing/';

const within = (/** @type {string[]} */ folders) => `^(${folders.join('|')})/`;

const layers = Object.entries(mayImport).map(([folder, others]) => ({
  name: `layers: ${folder}`,
  comment: `${folder} may import ${others.join(', ') || 'no other folder'}.`,
  severity: 'error',
  from: { path: within([folder]) },
  to: {
    path: within(['app', 'main', 'renderer']),
    // What is not a test and imports test helpers is caught by the rule no-tests-in-code.
    pathNot: [within([folder, ...others]), '/testing/'],
  },
}));

export default {
  forbidden: [
    ...layers,
    {
      name: 'known-folders',
      comment: 'A new folder needs its line in the table above.',
      severity: 'error',
      from: { path: '^app/', pathNot: [within(Object.keys(mayImport)), tests] },
      to: {},
    },
    {
      name: 'no-cycles',
      comment:
        'Modules that need each other while they load fail by load order. Types may refer to each other, ' +
        'as the structs of the kernel do: they are gone before anything loads. What is imported on demand comes when ' +
        'everything has loaded. The files of the modelled kernel ' +
        'call each other as those of the kernel do; they use each other inside functions only, never while loading.',
      severity: 'error',
      from: { pathNot: '^app/kernel/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'pure-core',
      comment: 'The same bytes in every host: no Node modules and no packages here.',
      severity: 'error',
      from: { path: within(pure), pathNot: tests },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'no-dev-packages',
      comment: 'What ships may only need what package.json lists under dependencies.',
      severity: 'error',
      // The renderer is bundled: of its packages nothing but the bundle ships. Electron is the host itself.
      from: { path: within(['app', 'main']), pathNot: tests },
      to: { path: '', pathNot: 'node_modules/electron/', dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
    {
      name: 'renderer-knows-no-host',
      comment: 'The renderer runs in a browser and in a sandbox: neither Node nor Electron is there.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: '^(node_modules/electron/|app/service/(?!contract/))', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-tests-in-code',
      comment: 'Tests and their helpers are for tests.',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'resolvable',
      comment: 'The module is not there, or not in package.json.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
