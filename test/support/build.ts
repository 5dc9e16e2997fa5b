import { execFileSync } from "node:child_process";

/** The store's worker thread and the started-process tests run the compiled program. */
export default function build(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  if (process.env.TEST_POSTGRES_URL) return;
  process.stdout.write("PostgreSQL's tests are skipped; npm run test:postgres runs them too\n");
}
