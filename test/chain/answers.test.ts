import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import type { Plugin } from "../../src/contract/plugin.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";

const client = { readOnly: false, tls: false, signal: new AbortController().signal };

/** Calls everything that a client can request. */
async function askAll(plugin: Plugin, filters: readonly object[]): Promise<void> {
  await using session = await TestedChain.start({ plugin, parameters: {}, filters: filters as [] });
  // The command reads the thread model at the start.
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

type Wrong = readonly [answer: object, complaint: string];

function wrongMember(members: object, name: string, complaint: string): Wrong {
  const open = (): object => ({ ...handle, ...members });
  return [{ open }, `what mine's open returned: the member "${name}" must be ${complaint}`];
}

function unknownMember(members: object, hint: string): Wrong {
  const open = (): object => ({ ...handle, ...members });
  return [{ open }, `what mine's open returned: unknown member "${Object.keys(members)[0]}": ${hint}`];
}

const wrong: readonly Wrong[] = [
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
  ...(
    [
      [-1n, "-1n"],
      [2n ** 63n, "9223372036854775808n"],
      [10, "10"],
      ["10", '"10"'],
      [null, "null"],
    ] as const
  ).map(([size, said]) => wrongMember({ size }, "size", `a bigint from 0 to 2^63-1, and is ${said}`)),
  [
    { open: () => ({ ...handle, size: undefined }) },
    "what mine's open returned is no handle: it has no size",
  ],
  [{ open: () => ({ ...handle, read: 5 }) }, "what mine's open returned is no handle"],
  wrongMember({ write: null }, "write", "a function, and is null"),
  wrongMember({ readNow: 5 }, "readNow", "a function, and is 5"),
  wrongMember({ close: "x" }, "close", 'a function, and is "x"'),
  wrongMember({ description: 5 }, "description", "a string, and is 5"),
  wrongMember({ multiConn: 1 }, "multiConn", "true or false, and is 1"),
  wrongMember({ fastZero: "yes" }, "fastZero", 'true or false, and is "yes"'),
  wrongMember({ identity: [] }, "identity", "a string, and is []"),
  ...[{ wirte: () => {} }, { pwrite: () => {} }, { Write: () => {} }].map((members) =>
    unknownMember(members, 'did you mean "write"?'),
  ),
  unknownMember({ multiconn: true }, 'did you mean "multiConn"?'),
  unknownMember({ descripton: "x" }, 'did you mean "description"?'),
  unknownMember({ read_now: () => true }, 'did you mean "readNow"?'),
  unknownMember({ fsync: () => {} }, "known are size, read, write, flush, trim"),
  [
    { open: () => ({ ...handle, blockSize: { minimum: 1, preferred: 512, maximum: 512, advisry: true } }) },
    `the blockSize that mine's open returned: unknown member "advisry": did you mean "advisory"?`,
  ],
  [
    { open: () => ({ ...handle, metaContexts: [{ name: "x-mine:all", status: () => [], wyde: true }] }) },
    `a metadata context that mine's open returned: unknown member "wyde": did you mean "wide"?`,
  ],
  [
    { listExports: () => [{ name: "", descripton: "" }] },
    `an export that mine's listExports returned: unknown member "descripton": did you mean "description"?`,
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

it.each(wrong)("the wrong answer %j of a plugin fails with one clear line", async (answer, complaint) => {
  const plugin = { name: "mine", open: () => handle, ...answer } as Plugin;
  await expect(askAll(plugin, [])).rejects.toThrow(complaint);
});

const noChanges = "what mine's open returned must be an object with what changes: {} changes nothing";
const noHandle = "what mine's openNext returned is no handle: it has no read function";
const wrongOfFilters: typeof wrong = [
  ...wrong.filter(([, complaint]) => !complaint.startsWith("what mine's open returned is no handle")),
  ...[undefined, null, 5, "abc", () => ({})].map((found) => [{ open: () => found }, noChanges] as const),
  [{ open: () => ({ read: undefined }) }, "what mine's open returned is no handle"],
  [{ open: () => ({ size: undefined }) }, "what mine's open returned is no handle: it has no size"],
  ...[undefined, null, 5, {}].map((found) => [{ openNext: () => found }, noHandle] as const),
  [{ openNext: async () => undefined, open: () => ({}) }, noHandle],
];

it.each(wrongOfFilters)(
  "the wrong answer %j of a filter fails with one clear line, and the handle below is closed",
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

it("right answers of every kind are accepted", async () => {
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

class Base {
  readonly size = 512n;
  count = 0;
  closed = false;
  reads = 0;
  readonly cache_ = new Map();
  read(into: Uint8Array): void {
    this.reads++;
    this.helper(into);
  }
  helper(into: Uint8Array): void {
    into.fill(1);
  }
}
class Derived extends EventEmitter {
  readonly size = 512n;
  readonly #secret = 1;
  read(into: Uint8Array): void {
    into.fill(this.#secret);
  }
  loadBlock(): void {}
}

it.each<[what: string, make: () => object]>([
  ["state beside the members", () => ({ ...handle, disk: Buffer.alloc(512), reads: 0, closed: false })],
  ["names that begin with a _", () => ({ ...handle, _wirte: () => {}, _read: () => {} })],
  ["symbols", () => ({ ...handle, [Symbol.asyncDispose]: () => {} })],
  ["a class with fields and helpers", () => new Base()],
  ["a class that inherits from one of Node.js", () => new Derived()],
  ["members that are undefined", () => ({ ...handle, write: undefined, multiConn: undefined })],
])("a handle may have %s", async (_what, make) => {
  await expect(askAll({ name: "mine", open: make } as unknown as Plugin, [])).resolves.toBeUndefined();
  const filter = { name: "mine", open: () => ({ ...make(), description: "of the filter" }) };
  await expect(askAll({ name: "below", open: () => handle }, [filter])).resolves.toBeUndefined();
});

it.each<[name: string, make: () => object]>([
  ["wirte", () => Object.assign(new Base(), { wirte: () => {} })],
  [
    "flsuh",
    () =>
      new (class extends Base {
        flsuh(): void {}
      })(),
  ],
  ["rotationl", () => Object.assign(new Base(), { rotationl: true })],
])("the unknown member %s of an instance of a class is refused as a misspelt member", async (name, make) => {
  const plugin = { name: "mine", open: make } as unknown as Plugin;
  await expect(askAll(plugin, [])).rejects.toThrow(`what mine's open returned: unknown member "${name}"`);
});

it("the changes of a filter may be an instance of a class", async () => {
  class Changes {
    readonly #byte = 7;
    read(into: Uint8Array): void {
      into.fill(this.#byte);
    }
  }
  const filters = [{ name: "mine", open: () => new Changes() }];
  await using session = await TestedChain.start({
    plugin: { name: "below", open: () => handle },
    parameters: {},
    filters,
  });
  const disk = await session.open();
  const bytes = Buffer.alloc(4);
  await disk.read(bytes, 0n);
  expect([...bytes]).toEqual([7, 7, 7, 7]);
});
