import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { run } from "../helpers/run.ts";

/** Ends a hundred worker threads, each slightly later after it began to load the addon. */
const script = `
  const { Worker } = require("node:worker_threads");
  const code = \`
    const { workerData } = require("node:worker_threads");
    const load = require("node-gyp-build");
    const file = load.resolve(workerData.root);
    workerData.loading[0] = 1;
    process.dlopen({ exports: {} }, file);
  \`;
  (async () => {
    for (let delayMs = 0; delayMs < 1; delayMs += 0.01) {
      const loading = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Worker(code, { eval: true, workerData: { loading, root: process.argv[1] } });
      while (Atomics.load(loading, 0) === 0);
      const until = performance.now() + delayMs;
      while (performance.now() < until);
      await worker.terminate();
    }
  })();
`;

it("a worker thread can be ended while it loads the addon", async () => {
  const options = { cwd: packageRoot() };
  expect(await run(process.execPath, ["-e", script, packageRoot()], options)).toEqual({
    status: 0,
    stdout: "",
    stderr: "",
  });
});
