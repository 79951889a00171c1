import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/helpers/remove-left-folders.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for other processes; one worker fewer than processors leaves half of a small machine idle.
    maxWorkers: "100%",
  },
});
