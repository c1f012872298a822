import fc from 'fast-check';

// The same cases every time, so that a red build is the fault of the change it tests.
// To look further: FC_SEED=7 FC_RUNS=10000 npm run test:unit
fc.configureGlobal({
  seed: Number(process.env['FC_SEED'] ?? 20_260_401),
  ...(process.env['FC_RUNS'] === undefined ? {} : { numRuns: Number(process.env['FC_RUNS']) }),
});
