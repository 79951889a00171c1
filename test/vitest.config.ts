import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/helpers/remove-left-folders.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for other processes. With the default of one worker fewer than processors, a small
    // machine would idle half of the time.
    maxWorkers: "100%",
  },
});
