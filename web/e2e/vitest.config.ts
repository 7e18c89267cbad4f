import { defineConfig } from "vitest/config";

// Real daemons and one browser: one file after another, and no retry that would hide a failure.
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    testTimeout: 30_000,
    hookTimeout: 40_000,
    fileParallelism: false,
    retry: 0,
  },
});
