import { describe, it } from "vitest";
import type { builtInFilters } from "../../src/registry/filters.ts";
import { conformanceChecks } from "../../src/testing/conformance.ts";
import type { Subject } from "../../src/testing/subject.ts";
import { blockyPlugin } from "../helpers/blocky-plugin.ts";
import { firstParameters, transparentFilters } from "../helpers/transparent.ts";

const smallCache = {
  "cache-min-block-size": "4k",
  "cache-max-size": "1M",
  "cache-high-threshold": "10",
  "cache-low-threshold": "5",
  "cache-on-read": "yes",
};
const copying = { "cow-block-size": "4k", "cow-on-read": "yes", "cow-on-cache": "yes" };

/** Combinations of filters that their own tests do not cover, over disks with unusual limits. */
const stacks: readonly (readonly [filters: string, parameters: Readonly<Record<string, string>>])[] = [
  ["cache", smallCache],
  ["cache", { ...smallCache, cache: "writethrough" }],
  ["cache", { ...smallCache, cache: "unsafe" }],
  ["cow", copying],
  ["cow cache", { ...smallCache, ...copying }],
  ["cache cow", { ...smallCache, ...copying }],
  ["blocksize cache cow", { ...smallCache, ...copying, minblock: "4k", maxdata: "8k" }],
  ["readahead cache", smallCache],
  ["openonce cache", smallCache],
  ["multi-conn cache", smallCache],
  ["multi-conn", { "multi-conn-mode": "emulate" }],
  ["nocache", { cachemode: "emulate" }],
  ["nozero", { zeromode: "emulate" }],
  ["truncate", { truncate: "200001" }],
  ["offset", { offset: "4k", range: "200001" }],
  ["offset blocksize", { offset: "1001" }],
  ["swab", { "swab-bits": "32" }],
  ["blocksize swab cache", { ...smallCache, "swab-bits": "64" }],
  ["xor", { xor: "0x123456", xorlen: "3" }],
  ["retry fua log", { fuamode: "force" }],
];

const disks = {
  "a disk in blocks of 512 bytes": blockyPlugin(300_001, { minimum: 512, maximum: 4096 }, false),
  "a disk in blocks of 4096 bytes": blockyPlugin(299_008, { minimum: 4096, maximum: 8192 }, true),
};

describe.each(Object.entries(disks))("three clients over %s keep the contract with", (_title, plugin) => {
  it.each(
    stacks.map(
      ([names, parameters]) => [`${names} ${JSON.stringify(parameters)}`, names, parameters] as const,
    ),
  )("%s", async (_text, names, parameters) => {
    await expectConformance({ plugin, filters: names.split(" "), parameters, connections: 3, runs: 3 });
  });
});

describe("three clients over memory keep the contract with", () => {
  it.each(transparentFilters.map((filter) => [filter.name, filter] as const))("%s", async (name, filter) => {
    const parameters = { size: "300K", ...firstParameters(filter) };
    await expectConformance({ plugin: "memory", filters: [name], parameters, connections: 3, runs: 1 });
  });

  it.each(["checkwrite"] as const satisfies readonly (keyof typeof builtInFilters)[])("%s", async (name) => {
    const parameters = { size: "300K" };
    const subject = { plugin: "memory", filters: [name], parameters, connections: 3, runs: 1 };
    await expectConformance({ ...subject, writes: "refused" });
  });
});

async function expectConformance(subject: Subject): Promise<void> {
  for (const { name, run } of conformanceChecks(subject)) {
    await run().catch((cause) => {
      throw new Error(`${name}: ${cause.message}`, { cause });
    });
  }
}
