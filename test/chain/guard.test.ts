import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import { connect, type NbdClient } from "../../src/client/index.ts";

const secret = Buffer.from("secret of another client, ");
const lengths = [1, 512, 4096, 64 * 1024, 1024 * 1024];
const size = 1024n * 1024n;

/** Fills the memory for replies with secret bytes of another server in the same process. */
async function spreadSecret(client: NbdClient): Promise<void> {
  const bytes = Buffer.alloc(Number(size), secret);
  await client.write(0n, bytes);
  await Promise.all(lengths.flatMap((length) => Array.from({ length: 8 }, () => client.read(0n, length))));
}

interface Served {
  readonly plugin: AnyPlugin | string;
  readonly filters?: readonly (AnyFilter | string)[];
}

interface Outcome {
  /** The bytes of each read, or its error. */
  readonly found: (Buffer | Error)[];
  readonly said: readonly string[];
}

/** Reads from a server, while another server of the same process sends secret bytes. */
async function readBeside({ plugin, filters = [] }: Served): Promise<Outcome> {
  const said: string[] = [];
  const log = { verbose: false, error: (line: string) => void said.push(line), debug: () => {} };
  await using other = await serve({ plugin: "memory", parameters: { size } });
  await using careful = await connect(other.uri);
  const parameters = plugin === "memory" ? { size } : {};
  await using server = await serve({ plugin, filters, parameters, log });
  const found: (Buffer | Error)[] = [];
  for (const structuredReplies of [true, false]) {
    await using client = await connect(server.uri, { structuredReplies });
    for (const length of lengths) {
      await spreadSecret(careful);
      const read = (): Promise<Buffer | Error> => client.read(0n, length).catch((error: Error) => error);
      found.push(...(await Promise.all(Array.from({ length: 8 }, read))));
    }
    // Plugins that write late do so before the connection ends.
    await careful.read(0n, 4096);
  }
  return { found, said };
}

type Members = Readonly<Record<string, unknown>>;
const pluginOf = (members: Members): AnyPlugin =>
  ({ name: "forgetful", open: () => ({ size, read: () => {}, ...members }) }) as AnyPlugin;
const filterOf = (members: Members): AnyFilter =>
  ({ name: "forgetful", open: () => members }) as unknown as AnyFilter;

const silent: Readonly<Record<string, Members>> = {
  "fills nothing": { read: () => {} },
  "fills nothing later": { read: () => setTimeout(1) },
  "fills nothing at once": { read: () => {}, readNow: () => true },
  "fills a part": { read: (into: Uint8Array) => void into.fill(0, 0, 1) },
};

const wrong: Readonly<Record<string, readonly [Members, string]>> = {
  "returns a buffer": [{ read: () => Buffer.alloc(10) }, "forgetful's read returned a Buffer"],
  "returns the result of fill": [
    { read: (into: Uint8Array) => into.fill(1) },
    "forgetful's read returned a Buffer: it must fill the buffer that it is given, and return nothing",
  ],
  "resolves to a buffer": [
    { read: async () => new Uint8Array(10) },
    "forgetful's read resolved to a Uint8Array",
  ],
  "resolves to the result of a file read": [
    { read: async () => ({ bytesRead: 0 }) },
    "forgetful's read resolved to an object",
  ],
  "returns a promise from readNow": [
    { readNow: async () => true },
    "forgetful's readNow returned a promise: it must return true when it has done the request, and false to leave it to read",
  ],
  "returns a promise from readNow that rejects": [
    { readNow: async () => Promise.reject(new Error("later")) },
    "forgetful's readNow returned a promise",
  ],
  "returns undefined from readNow": [{ readNow: () => {} }, "forgetful's readNow returned undefined"],
};

type Subject = readonly [what: string, served: (members: Members) => Served];

const alone: readonly Subject[] = [
  ["a plugin", (members) => ({ plugin: pluginOf(members) })],
  ["a filter", (members) => ({ plugin: "memory", filters: [filterOf(members)] })],
];

const together: readonly Subject[] = [
  "cow",
  "cache",
  "blocksize",
  "readahead",
  filterOf(silent["fills nothing"]!),
].map((filter) => [
  `a plugin under ${typeof filter === "string" ? filter : "a filter like it"}`,
  (members) => ({ plugin: pluginOf(members), filters: [filter] }),
]);

describe.each([...alone, ...together])("%s", (_what, served) => {
  it.each(Object.entries(silent))("that %s does not leak bytes of other requests", async (_how, members) => {
    const { found } = await readBeside(served(members));
    expect(found.filter((one) => one instanceof Error)).toEqual([]);
    expect(found.filter((one) => (one as Buffer).some((byte) => byte !== 0))).toEqual([]);
  });
});

describe.each(alone)("%s", (_what, served) => {
  it.each(Object.entries(wrong))(
    "that %s fails each request and logs a line",
    async (_how, [members, message]) => {
      const { found, said } = await readBeside(served(members));
      for (const error of found) expect(error).toMatchObject({ code: "EIO" });
      for (const line of said) expect(line).toMatch(`read: ${message}`);
      expect(said).toHaveLength(found.length);
    },
  );
});

const changes: readonly (readonly [name: string, request: (client: NbdClient) => Promise<unknown>])[] = [
  ["write", (client) => client.write(0n, Buffer.alloc(512))],
  ["flush", (client) => client.flush()],
  ["trim", (client) => client.trim(0n, 512)],
  ["zero", (client) => client.zero(0n, 512)],
  ["cache", (client) => client.cache(0n, 512)],
];

describe.each(changes)("a %s that returns a value", (name, request) => {
  it.each<[how: string, method: () => unknown, message: string]>([
    ["at once", () => 512, `forgetful's ${name} returned 512: it must return nothing`],
    ["later", async () => "done", `forgetful's ${name} resolved to "done": it must return nothing`],
    ["that is null", () => null, `forgetful's ${name} returned null: it must return nothing`],
  ])("fails %s", async (_how, method, message) => {
    const said: string[] = [];
    const log = { verbose: false, error: (line: string) => void said.push(line), debug: () => {} };
    const plugin = pluginOf({ write: () => {}, [name]: method });
    await using server = await serve({ plugin, log });
    await using client = await connect(server.uri);
    await expect(request(client)).rejects.toMatchObject({
      code: "EIO",
      message: expect.stringContaining(message),
    });
    expect(said).toEqual([`${name}: ${message}`]);
  });
});

it("the fast paths of an untrusted plugin can neither read nor change bytes outside their range", async () => {
  const seen: { readonly buffer: Uint8Array; readonly start: number; readonly end: number }[] = [];
  const stored = Buffer.alloc(Number(size));
  const plugin = pluginOf({
    write: (from: Uint8Array, offset: bigint) => void stored.set(from, Number(offset)),
    readNow(buffer: Uint8Array, start: number, end: number, offset: number) {
      seen.push({ buffer, start, end });
      // Writes at the start of the buffer, as by an author who forgets about `start`.
      buffer.set(stored.subarray(offset, offset + end - start));
      return true;
    },
    writeNow(buffer: Uint8Array, start: number, end: number, offset: number) {
      seen.push({ buffer, start, end });
      stored.set(buffer.subarray(0, end - start), offset);
      return true;
    },
  });
  await using server = await serve({ plugin });
  await using client = await connect(server.uri);
  await Promise.all(
    Array.from({ length: 8 }, (_, at) => client.write(at * 4096, Buffer.alloc(4096, at + 1))),
  );
  const reads = await Promise.all(Array.from({ length: 8 }, (_, at) => client.read(at * 4096, 4096)));
  expect(reads.map((bytes) => new Set(bytes))).toEqual(reads.map((_, at) => new Set([at + 1])));
  expect(seen.length).toBeGreaterThan(0);
  for (const { buffer, start, end } of seen) expect([start, end]).toEqual([0, buffer.length]);
});
