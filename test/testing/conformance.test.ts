import { chmodSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { conformanceChecks } from "../../src/testing/conformance.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { sectorDisk } from "../helpers/sector-disk.ts";
import { failures } from "./failures.ts";

const folder = new Folder();

testPlugin("a plugin and filters by their names", {
  plugin: "memory",
  filters: ["cow", "offset"],
  parameters: { size: "200K", offset: "1001" },
  runs: 2,
});

/** A plugin script with a disk of three bytes. */
const abc = `#!/bin/sh
case $1 in
  get_size) echo 3 ;;
  pread) printf abc | tail -c +$(($4 + 1)) | head -c $3 ;;
  *) exit 2 ;;
esac`;

describe("the conformance checks", () => {
  it("accept the path of a module, and of a script", async () => {
    const path = folder.file(
      "sevens.mjs",
      "export default { name: 'sevens', open: () => ({ size: 5000n, read: (into) => void into.fill(7) }) };",
    );
    expect(await failures({ plugin: path })).toBe("");
    const script = folder.file("script", abc);
    chmodSync(script, 0o755);
    expect(await failures({ plugin: script, runs: 1 })).toBe("");
  });

  it("fail with the command's error message for a wrong name or parameter", async () => {
    expect(await failures({ plugin: "nonesuch" })).toContain("cannot open plugin 'nonesuch': no such plugin");
    expect(await failures({ plugin: "memory" })).toContain(
      "you must specify size=<SIZE> on the command line",
    );
    const unknown = await failures({ plugin: "memory", filters: ["nonesuch"] });
    expect(unknown).toContain("cannot open filter 'nonesuch': no such filter");
  });

  it("have unique names that are sentences", () => {
    const names = conformanceChecks({ plugin: "memory" }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^(a|the|requests|what|every) .{30,}[^.]$/);
  });

  /** A plugin that fails only when a certain byte is written after another one. */
  const unlucky = definePlugin({
    name: "unlucky",
    open: (): Handle => {
      const disk = sectorDisk(Buffer.alloc(60_000, 7));
      return {
        ...disk,
        write: (from, offset, flags) =>
          disk.write(
            from.length % 7 === 3 && offset % 5n === 2n ? from.map((byte) => byte ^ 1) : from,
            offset,
            flags,
          ),
      };
    },
  });

  it("fail with the same requests for the same seed, and with others for another seed", async () => {
    const once = await failures({ plugin: unlucky, seed: 4, runs: 30 });
    expect(once).toMatch(/ of seed \d+: \[\{.* \(seed 4\)$/);
    expect(await failures({ plugin: unlucky, seed: 4, runs: 30 })).toBe(once);
    const other = await failures({ plugin: unlucky, seed: 5, runs: 30 });
    expect(other).toMatch(/\(seed 5\)$/m);
    expect(other.replaceAll("seed 5", "seed 4")).not.toBe(once);
  });

  it("fail with the same requests for the same seed when the plugin is slow", async () => {
    const filters = [{ name: "none" }];
    const once = await failures({ plugin: unlucky, filters, seed: 4 });
    expect(once).not.toBe("");
    expect(await failures({ plugin: unlucky, filters, seed: 4 })).toBe(once);
  });

  it("connect no more clients at once than allowed", async () => {
    let [clients, most] = [0, 0];
    const disk = sectorDisk(Buffer.alloc(5000));
    const plugin = definePlugin({
      name: "counting",
      open: () => {
        most = Math.max(most, ++clients);
        return { ...disk, multiConn: true, close: () => void clients-- };
      },
    });
    for (const connections of [1, 2, 4]) {
      most = 0;
      expect(await failures({ plugin, connections })).toBe("");
      expect(most).toBe(connections);
    }
  });
});
