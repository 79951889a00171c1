import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { environment, run } from "../helpers/run.ts";

const config = join(packageRoot(), "test", "vitest.config.ts");
const vitest = join(packageRoot(), "node_modules", "vitest", "vitest.mjs");

// The pools whose names begin with "vm" run each test file in a context of its own (node:vm).
it.each(["threads", "forks", "vmThreads", "vmForks"])(
  "the package works in the pool %s of vitest",
  async (pool) => {
    const words = [vitest, "run", "--config", config, `--pool=${pool}`, "test/api/contexts/package.test.ts"];
    const outcome = await run(process.execPath, words, {
      cwd: packageRoot(),
      env: { ...environment, NO_COLOR: "1" },
    });
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
  },
);
