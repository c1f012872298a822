import { configDefaults, defineConfig } from 'vitest/config';

const endToEnd = 'main/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    setupFiles: ['build/scripts/vitest-setup.ts'],
    reporters: ['default', './build/scripts/closing-line.ts'],
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{app,build,main,renderer}/**/*.test.{ts,tsx}'],
          exclude: [...configDefaults.exclude, endToEnd],
          // By default one core is left alone, which of two is half of them.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [endToEnd],
          // A browser and a host need the machine for themselves: they come last, one after the other.
          maxWorkers: 1,
          // What a browser does in time on an idle machine it may miss on a busy one; a bug fails each time.
          retry: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
