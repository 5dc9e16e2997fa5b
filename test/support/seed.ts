import fc from "fast-check";

/**
 * Every property of a run uses one seed, printed by the failure report. `TEST_SEED` repeats a run,
 * `PROPERTY_RUNS` makes the properties longer.
 */
export const seed = Number(process.env.TEST_SEED ?? 20_210_278);

fc.configureGlobal({
  seed,
  numRuns: Number(process.env.PROPERTY_RUNS ?? 100),
  verbose: fc.VerbosityLevel.None,
});
