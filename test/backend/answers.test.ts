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
  [{ open: () => undefined }, "what mine's open returned is no handle: it has no read function"],
  ...[-1n, 2n ** 63n, 10, "10", undefined, null].map(
    (size) =>
      [
        { open: () => ({ ...handle, size }) },
        `the size that mine's open returned must be a bigint from 0 to 2^63-1, and is ${size}`,
      ] as const,
  ),
  [{ open: () => ({ ...handle, read: 5 }) }, "what mine's open returned is no handle"],
  [{ open: () => ({ ...handle, write: null }) }, "the write that mine's open returned is no function"],
  [{ open: () => ({ ...handle, readNow: 5 }) }, "the readNow that mine's open returned is no function"],
  [{ open: () => ({ ...handle, close: "x" }) }, "the close that mine's open returned is no function"],
  [
    { open: () => ({ ...handle, description: 5 }) },
    "the description that mine's open returned must be a string, and is 5",
  ],
  [{ open: () => ({ ...handle, blockSize: null }) }, "the block sizes that mine's open returned cannot be"],
  [
    { open: () => ({ ...handle, metaContexts: 5 }) },
    "the metaContexts that mine's open returned are no list of { name, status }",
  ],
  [
    { open: () => ({ ...handle, metaContexts: [{ name: "x-mine:all" }] }) },
    "the metaContexts that mine's open returned are no list of { name, status }",
  ],
  [
    { open: () => ({ ...handle, extents: () => "abc" }) },
    "what the plugin or a filter returned is no list of extents",
  ],
  [
    { open: () => ({ ...handle, extents: () => [{ length: 5 }] }) },
    "what the plugin or a filter returned is no list of extents",
  ],
  [states(undefined), "what the plugin or a filter returned for x-mine:all is no list of { length, state }"],
  [
    states([{ length: 512n, state: 5 }]),
    "what the plugin or a filter returned for x-mine:all is no list of { length, state }",
  ],
];

it.each(wrong)("%j of a plugin gets one clear line", async (answer, complaint) => {
  const plugin = { name: "mine", open: () => handle, ...answer } as Plugin;
  await expect(askAll(plugin, [])).rejects.toThrow(complaint);
});

const noChanges = "what mine's open returned must be an object with what changes: {} changes nothing";
const noHandle = "what mine's openNext returned is no handle: it has no read function";
const wrongOfFilters: typeof wrong = [
  ...wrong.filter(([, complaint]) => !complaint.startsWith("what mine's open returned")),
  ...[undefined, null, 5, "abc", () => ({})].map((found) => [{ open: () => found }, noChanges] as const),
  [{ open: () => ({ read: undefined }) }, "what mine's open returned is no handle"],
  [{ open: () => ({ size: undefined }) }, "the size that mine's open returned must be a bigint"],
  ...[undefined, null, 5, {}].map((found) => [{ openNext: () => found }, noHandle] as const),
  [{ openNext: async () => undefined, open: () => ({}) }, noHandle],
];

it.each(wrongOfFilters)(
  "%j of a filter gets one clear line, and nothing stays open",
  async (answer, complaint) => {
    let open = 0;
    const close = (): void => void open--;
    const plugin: Plugin = {
      name: "fine",
      open: () => {
        open++;
        return { ...handle, close };
      },
    };
    await expect(askAll(plugin, [{ name: "mine", ...answer }])).rejects.toThrow(complaint);
    expect(open).toBe(0);
  },
);

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
