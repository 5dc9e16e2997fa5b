/** The long runs, which need more than Node and stand beside `npm test`. */
import { defineConfig } from "vitest/config";
import standard from "../vitest.config.ts";

export default defineConfig({ test: { ...standard.test, include: ["test/**/*.long.ts"] } });
