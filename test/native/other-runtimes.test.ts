import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { run } from "../helpers/run.ts";

const script = `
  const [name, version] = process.argv.slice(1);
  Object.defineProperty(process.versions, name, { value: version });
  import("nbdkit-node").then(({ serve }) => serve({ plugin: "memory", parameters: { size: "1M" } })).catch((error) => {
    console.log(error.code, error.message);
  });
`;

it.each([
  ["bun", "Bun"],
  ["deno", "Deno"],
])("a server reports in one line that it does not run on %s", async (name, title) => {
  const { stdout } = await run(process.execPath, ["-e", script, name, "1.2.3"], { cwd: packageRoot() });
  expect(stdout).toBe(
    `ENOTSUP nbdkit-node cannot serve on ${title} 1.2.3, which has only a part of Node-API: use Node.js 20 or newer; ` +
      "clients (connect, listExports) work, save over vsock\n",
  );
});
