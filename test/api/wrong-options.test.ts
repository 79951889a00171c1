import { describe, expect, it } from "vitest";
import {
  connect,
  formatNbdUri,
  isNbdUri,
  listExports,
  parseNbdUri,
  run,
  serve,
  spawn,
} from "../../src/index.ts";
import { conformanceChecks } from "../../src/testing/conformance.ts";

// Programs may be written without types: every error of type is reported with the option's name.

// biome-ignore lint/suspicious/noExplicitAny: a program in JavaScript may pass any value
type Any = any;
const memory = { plugin: "memory", parameters: { size: "1M" } };
const handle = { size: 512n, read: () => {} };
const target = { kind: "unix", path: "/nowhere" };

const wrongToServe: readonly (readonly [options: Any, complaint: string])[] = [
  [undefined, "use an object with options instead of undefined: it needs plugin"],
  [null, "use an object with options instead of null: it needs plugin"],
  ["memory", 'use an object with options instead of "memory": it needs plugin'],
  [{}, 'the option "plugin" is missing: it must be a string or an object'],
  [{ plugn: "memory" }, 'unknown option "plugn": did you mean "plugin"?'],
  [{ ...memory, readonly: true }, 'unknown option "readonly": did you mean "readOnly"?'],
  [{ ...memory, size: "1M" }, 'unknown option "size": known are plugin, parameters, filters'],
  [{ plugin: 5 }, 'the option "plugin" must be a string or an object, and is 5'],
  [{ ...memory, parameters: "size=1M" }, 'the option "parameters" must be an object, and is "size=1M"'],
  [{ ...memory, filters: "cow" }, 'the option "filters" must be an array of names and filters, and is "cow"'],
  [{ ...memory, filters: [5] }, 'the option "filters" must be an array of names and filters, and is [5]'],
  [
    { ...memory, filters: [{ filter: "cow" }] },
    'filters: the option "parameters" is missing: it must be an object',
  ],
  [
    { ...memory, filters: [{ filter: "cow", parameter: {} }] },
    'filters: unknown option "parameter": did you mean "parameters"?',
  ],
  [{ ...memory, readOnly: "yes" }, 'the option "readOnly" must be true or false, and is "yes"'],
  [{ ...memory, threads: "4" }, 'the option "threads" must be a number, and is "4"'],
  [{ ...memory, exportName: Buffer.from("x") }, 'the option "exportName" must be a string, and is a Buffer'],
  [{ ...memory, signal: {} }, 'the option "signal" must be an AbortSignal, and is an object'],
  [
    { ...memory, log: console.log },
    'the option "log" must be an object with the functions error and debug, and is a function',
  ],
  [{ ...memory, listen: "private" }, 'the option "listen" must be an object, and is "private"'],
  [
    { ...memory, listen: { kind: "tpc", port: 0 } },
    'listen: the option "kind" must be "tcp" or "unix" or "private"',
  ],
  [{ ...memory, listen: { kind: "tcp" } }, 'listen: the option "port" is missing: it must be a number'],
  [
    { ...memory, listen: { kind: "unix", socket: "/x" } },
    'listen: unknown option "socket": known are kind, path, label',
  ],
  [
    { ...memory, tls: { certificate: "/x" } },
    'tls: unknown option "certificate": did you mean "certificates"?',
  ],
  [{ ...memory, tls: { mode: "off" } }, 'tls: the option "mode" must be "on" or "require", and is "off"'],
  [
    { ...memory, handshake: { timeout: 5 } },
    'handshake: unknown option "timeout": did you mean "timeoutMs"?',
  ],
];

describe.each<[name: string, start: (options: Any) => Promise<AsyncDisposable>]>([
  ["serve", (options) => serve(options)],
  ["spawn", (options) => spawn("true", options)],
  ["run", async (options) => ({ ...(await run("true", options)), [Symbol.asyncDispose]: async () => {} })],
])("%s", (name, start) => {
  it.each(wrongToServe)("refuses %j", async (options, complaint) => {
    const starting = start(options).then((server) => server[Symbol.asyncDispose]());
    await expect(starting).rejects.toMatchObject({
      code: "EINVAL",
      message: expect.stringContaining(`${name}: ${complaint}`),
    });
  });

  it("treats undefined options as left out", async () => {
    const options = { ...memory, threads: undefined, tls: undefined, log: undefined, signal: undefined };
    await (await start(options))[Symbol.asyncDispose]();
  });
});

it.each<[what: string, call: () => unknown, complaint: string]>([
  [
    "spawn: no command",
    () => spawn(undefined as Any, memory),
    "spawn: the command must be a string, and is undefined",
  ],
  [
    "run: options first",
    () => run(memory as Any, "true" as Any),
    "run: the command must be a string, and is an object",
  ],
  [
    "run: an unknown option",
    () => run("true", { ...memory, stdin: "x" } as Any),
    'run: unknown option "stdin": did you mean "stdio"?',
  ],
  [
    "connect: nothing",
    () => connect(undefined as Any),
    "connect: the address must be a string or an object, and is undefined",
  ],
  [
    "connect: an unknown option",
    () => connect("nbd://x", { tlsoptional: true } as Any),
    'connect: unknown option "tlsoptional": did you mean "tlsOptional"?',
  ],
  [
    "connect: a wrong value",
    () => connect("nbd://x", { metaContexts: "base:allocation" } as Any),
    'connect: the option "metaContexts" must be an array of names, and is "base:allocation"',
  ],
  [
    "connect: null",
    () => connect("nbd://x", null as Any),
    "connect: use an object with options instead of null",
  ],
  [
    "connect: an address without target",
    () => connect({ kind: "unix" } as Any),
    'connect: unknown option "kind": known are target, exportName, tls',
  ],
  [
    "connect: a wrong target",
    () => connect({ target: { kind: "tcp", host: "x", port: "1" } } as Any),
    'connect: target: the option "port" must be a whole number from 0 to 65535, and is "1"',
  ],
  [
    "listExports: an option of connect",
    () => listExports("nbd://x", { exportName: "" } as Any),
    'listExports: unknown option "exportName": known are signal',
  ],
  [
    "formatNbdUri: a string",
    () => formatNbdUri("nbd://x" as Any),
    'formatNbdUri: the address must be an object, and is "nbd://x"',
  ],
  [
    "formatNbdUri: an unknown kind",
    () => formatNbdUri({ target: { kind: "udp" } } as Any),
    'formatNbdUri: target: the option "kind" must be "unix" or "tcp" or "vsock", and is "udp"',
  ],
  [
    "formatNbdUri: a missing host",
    () => formatNbdUri({ target: { kind: "tcp", port: 1 } } as Any),
    'formatNbdUri: target: the option "host" is missing: it must be a string',
  ],
  [
    "formatNbdUri: an unknown TLS parameter",
    () => formatNbdUri({ target, tls: { pskfile: "x" } } as Any),
    'formatNbdUri: tls: unknown option "pskfile": did you mean "pskFile"?',
  ],
  [
    "parseNbdUri: a URL",
    () => parseNbdUri(new URL("nbd://x") as Any),
    "parseNbdUri: the URI must be a string, and is a URL",
  ],
  [
    "isNbdUri: nothing",
    () => isNbdUri(undefined as Any),
    "isNbdUri: the text must be a string, and is undefined",
  ],
  [
    "conformanceChecks: nothing",
    () => conformanceChecks(undefined as Any),
    "conformanceChecks: use an object with options instead of undefined: it needs plugin",
  ],
  [
    "conformanceChecks: a plugin alone",
    () => conformanceChecks({ name: "x", open: () => handle } as Any),
    'conformanceChecks: unknown option "name"',
  ],
  [
    "conformanceChecks: a wrong value",
    () => conformanceChecks({ plugin: { name: "x", open: () => handle }, writes: "lost" } as Any),
    'conformanceChecks: the option "writes" must be "kept" or "discarded" or "refused", and is "lost"',
  ],
])("a wrong argument is refused with the reason: %s", async (_what, call, complaint) => {
  const calling = (async () => call())();
  await expect(calling).rejects.toMatchObject({
    code: "EINVAL",
    message: expect.stringContaining(complaint),
  });
});

it.each<[what: string, call: (client: Any) => Promise<unknown>, complaint: string]>([
  [
    "read at text",
    (client) => client.read("0", 512),
    'read: the offset must be a bigint or a whole number, and is "0"',
  ],
  [
    "read at a fraction",
    (client) => client.read(0.5, 512),
    "read: the offset must be a bigint or a whole number, and is 0.5",
  ],
  [
    "read nothing in particular",
    (client) => client.read(0),
    "read: the length must be a whole number or a Buffer or Uint8Array, and is undefined",
  ],
  [
    "read into numbers",
    (client) => client.read(0, new Float64Array(64)),
    "read: the length must be a whole number or a Buffer or Uint8Array, and is a Float64Array",
  ],
  [
    "read with an unknown option",
    (client) => client.read(0, 512, { dontfragment: true }),
    'read: unknown option "dontfragment": did you mean "dontFragment"?',
  ],
  [
    "write text",
    (client) => client.write(0, "hello"),
    'write: the data must be a Buffer or Uint8Array, and is "hello"',
  ],
  [
    "write with FUA misspelt",
    (client) => client.write(0, Buffer.alloc(1), { FUA: true }),
    'write: unknown option "FUA": did you mean "fua"?',
  ],
  [
    "write with a flag that is none",
    (client) => client.write(0, Buffer.alloc(1), { fua: 1 }),
    'write: the option "fua" must be true or false, and is 1',
  ],
  ["flush with a signal", (client) => client.flush(new AbortController().signal), "flush: unknown option"],
  [
    "trim with FUA as such",
    (client) => client.trim(0, 512, true),
    "trim: use an object with options instead of true",
  ],
  [
    "trim without length",
    (client) => client.trim(0),
    "trim: the length must be a bigint or a whole number, and is undefined",
  ],
  [
    "zero with an unknown option",
    (client) => client.zero(0, 512, { fast: true }),
    'zero: unknown option "fast"',
  ],
  [
    "cache with FUA",
    (client) => client.cache(0, 512, { fua: true }),
    'cache: unknown option "fua": known are signal',
  ],
  [
    "block status of one",
    (client) => client.blockStatus(0, 512, { reqOne: true }),
    'blockStatus: unknown option "reqOne"',
  ],
  [
    "extents of one",
    (client) => client.extents(0, 512, { requestOne: true }),
    'extents: unknown option "requestOne": known are signal',
  ],
])("a client refuses to %s", async (_what, call, complaint) => {
  await using server = await serve(memory);
  await using client = await connect(server.uri);
  await expect(call(client)).rejects.toMatchObject({
    code: "EINVAL",
    message: expect.stringContaining(complaint),
  });
});
