// What is bundled: each output with the TypeScript file that it is made of. One line for each program and worker.
export const entries = {
  'dist/cli/scythe.js': 'app/cli/main.ts',
  'dist/web/main.js': 'main/web/main.ts',
  'dist/service/worker.js': 'app/service/threads/worker.ts',
  'dist/electron/main.js': 'main/electron/main.ts',
  // A sandboxed preload script cannot be an ES module.
  'dist/preload/preload.cjs': 'main/preload/preload.ts',
};

// Programs that people wait for: what they import on demand becomes a file of its own, beside the output.
export const split = {
  'dist/vng/vng.js': 'app/vng/entry.ts',
};

// Scripts of pages that open without the workbench: all in one file, with its style sheet beside it.
export const pages = {
  'dist/export/page.js': 'renderer/export/page.ts',
};
