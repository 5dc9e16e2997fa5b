import { execFileSync } from "node:child_process";

/** The store's worker thread and the started-process tests run the compiled program. */
export default function build(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
}
