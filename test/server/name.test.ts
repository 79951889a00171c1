import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import type { Host } from "../../src/contract/plugin.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { Sandbox } from "../helpers/sandbox.ts";

const plugin = `
export default {
  name: "named",
  configComplete: (_values, host) => host.error("name=" + JSON.stringify(host.name)),
  open: () => ({ size: 0n, read() {} }),
};`;

describe("the name of a server", () => {
  it.each([
    [["--name=disk 1"], 'nbdkit[disk 1]: error: name="disk 1"\n'],
    [["--name="], 'nbdkit[]: error: name=""\n'],
    [[], "nbdkit: error: name=undefined\n"],
  ])("is host.name of plugins, with %j", async (options, stderr) => {
    await using sandbox = new Sandbox();
    const path = sandbox.file("named.mjs", plugin);
    const outcome = await sandbox.nbdkit([...options, path, "--run", "true"]);
    expect(outcome).toEqual({ status: 0, stdout: "", stderr });
  });

  it("is an option of serve", async () => {
    const names: (string | undefined)[] = [];
    const named = definePlugin({
      name: "named",
      getReady: (_state, host: Host) => void names.push(host.name),
      open: () => ({ size: 0n, read() {} }),
    });
    for (const options of [{ name: "disk" }, {}]) {
      await using _server = await serve({ plugin: named, ...options });
    }
    expect(names).toEqual(["disk", undefined]);
  });
});
