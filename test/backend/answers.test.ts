import { expect, it } from "vitest";
import type { Plugin } from "../../src/backend/plugin.ts";
import { Session } from "../../src/testing/session.ts";

const client = { readOnly: false, tls: false, signal: new AbortController().signal };

/** Asks everything that a client can ask. */
async function askAll(plugin: Plugin, filters: readonly object[]): Promise<void> {
  await using session = await Session.start({ plugin, parameters: {}, filters: filters as [] });
  // The command says at the start how much may be under way.
  session.chain.threadModel;
  await session.chain.listExports(client);
  await session.chain.defaultExport(client);
  const disk = await session.open();
  await disk.extents(0n, 512, false);
  for (const context of disk.metaContexts) await disk.status(context, 0n, 512, false);
}

const handle = { size: 512n, read: () => {} };
const states = (found: unknown): object => ({
  open: () => ({ ...handle, metaContexts: [{ name: "x-mine:all", status: () => found }] }),
});

const wrong: readonly (readonly [answer: object, complaint: string])[] = [
  [
    { threadModel: "x" },
    "the threadModel of mine must be one of serialize_connections, serialize_all_requests",
  ],
  [{ threadModel: () => 5 }, "and is 5"],
  [{ listExports: () => "abc" }, "what mine's listExports returned is no list of exports"],
  [{ listExports: () => [null] }, "what mine's listExports returned is no list of exports"],
  [
    { listExports: () => [{ name: "", description: 5 }] },
    "what mine's listExports returned is no list of exports",
  ],
  [{ defaultExport: () => 5 }, "the name that mine's defaultExport returned must be a string, and is 5"],
  [{ open: () => undefined }, "what the plugin's open returned is no handle: it has no read function"],
  [{ open: () => ({ ...handle, description: 5 }) }, "the plugin's description must be a string, and is 5"],
  [{ open: () => ({ ...handle, extents: () => "abc" }) }, "what the plugin returned is no list of extents"],
  [
    { open: () => ({ ...handle, extents: () => [{ length: 5 }] }) },
    "what the plugin returned is no list of extents",
  ],
  [states(undefined), "what the plugin returned for x-mine:all is no list of { length, state }"],
  [
    states([{ length: 512n, state: 5 }]),
    "what the plugin returned for x-mine:all is no list of { length, state }",
  ],
];

it.each(wrong)("%j of a plugin gets one clear line", async (answer, complaint) => {
  const plugin = { name: "mine", open: () => handle, ...answer } as Plugin;
  await expect(askAll(plugin, [])).rejects.toThrow(complaint);
});

it.each(wrong.slice(0, 6))("%j of a filter gets one clear line", async (answer, complaint) => {
  const plugin: Plugin = { name: "fine", open: () => handle };
  await expect(askAll(plugin, [{ name: "mine", ...answer }])).rejects.toThrow(complaint);
});

it("nothing is wrong with an answer of each kind that is right", async () => {
  const answers = {
    threadModel: "parallel",
    listExports: () => [{ name: "a", description: "b" }, { name: "c" }],
    defaultExport: () => "a",
    open: () => ({
      ...handle,
      description: "d",
      extents: () => [{ length: 512n, hole: false, zero: false }],
      metaContexts: [{ name: "x-mine:all", status: () => [{ length: 512n, state: 5n }] }],
    }),
  };
  await expect(askAll({ name: "mine", ...answers } as Plugin, [])).resolves.toBeUndefined();
});
