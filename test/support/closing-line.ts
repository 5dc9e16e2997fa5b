import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with what is left out and `N passed, N failed, N skipped`, for whoever reads only that. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      let empty = true;
      for (const test of module.children.allTests()) {
        empty = false;
        const result = test.result();
        if (result.state === "pending") count.failed++;
        else count[result.state]++;
        if (result.state === "skipped" && result.note !== undefined) {
          process.stdout.write(`left out: ${test.fullName}: ${result.note}\n`);
        }
      }
      // A file that could not be loaded has no tests, and must not pass for none.
      if (empty) count.failed++;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
  }
}
