import { configDefaults, defineConfig } from 'vitest/config';

const unit = '{app,build,main,renderer}/**/*.test.{ts,tsx}';
const endToEnd = 'main/e2e/**/*.test.ts';

/** These add to the modelled kernel what other tests must not find there, or need one with fewer parts. */
const ALONE = [
  'app/console/userland/release.test.ts',
  'app/kernel/checkers/hung_task.test.ts',
  'app/kernel/checkers/kcsan.test.ts',
  'app/kernel/checkers/lock_stat.test.ts',
  'app/kernel/checkers/lockdep/lockdep.test.ts',
  'app/kernel/checkers/rcu.test.ts',
  'app/kernel/checkers/spte_freed_page.test.ts',
  'app/kernel/kernel/exit.test.ts',
  'app/kernel/kernel/rcu/srcutree.test.ts',
  'app/kernel/kernel/time/timer.test.ts',
  'app/kernel/kernel/workqueue.test.ts',
  'app/kernel/mm/mmu_interval_notifier.test.ts',
  'app/kernel/mm/mmu_notifier.test.ts',
  'app/kernel/patches/outcomes.test.ts',
  'app/kernel/report/wording.test.ts',
  'app/scenario/explain-reports.test.ts',
  'app/scenario/search-detail.test.ts',
];

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
          include: [unit],
          exclude: [...configDefaults.exclude, endToEnd, ...ALONE],
          // Loading the kernel model for each file anew takes longer than most of them.
          isolate: false,
          setupFiles: ['build/scripts/vitest-shared.ts'],
          // By default one core is left alone, which of two is half of them.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
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
