import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{app,build,main,renderer}/**/*.test.{ts,tsx}'],
    setupFiles: ['build/scripts/vitest-setup.ts'],
    reporters: ['default', './build/scripts/closing-line.ts'],
    // By default one core is left alone, which of two is half of them.
    maxWorkers: '100%',
    testTimeout: 20_000,
  },
});
