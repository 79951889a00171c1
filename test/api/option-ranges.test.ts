import { expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import type { ServeOptions } from "../../src/api/serve-options.ts";
import { connect } from "../../src/client/index.ts";

const wrong: readonly (readonly [Partial<ServeOptions>, string, string])[] = [
  [{ threads: -1 }, "ERANGE", "threads: -1 is out of range: use 0 to 2147483647"],
  [{ threads: 1.5 }, "EINVAL", "threads: 1.5 is no whole number: use 0 to 2147483647"],
  [{ threads: Number.NaN }, "EINVAL", "threads: expected a number from 0 to 2147483647, not NaN"],
  [{ threads: Number.POSITIVE_INFINITY }, "ERANGE", "threads: Infinity is out of range: use 0 to 2147483647"],
  [
    { threads: "4" as unknown as number },
    "EINVAL",
    'serve: the option "threads" must be a number, and is "4"',
  ],
  [{ busyPollUs: 10_001 }, "ERANGE", "busyPollUs: 10001 is out of range: use 0 to 10000"],
  [
    { handshake: { timeoutMs: 2 ** 31 } },
    "ERANGE",
    "handshake.timeoutMs: 2147483648 is out of range: use 0 to 2147483647",
  ],
  [
    { handshake: { flagsMask: -1 } },
    "ERANGE",
    "handshake.flagsMask: -1 is out of range: use 0 to 4294967295",
  ],
  [{ listen: { kind: "tcp", port: 65_536 } }, "ERANGE", "listen.port: 65536 is out of range: use 0 to 65535"],
  [
    { listen: { kind: "tcp", port: 0, family: 5 as 4 } },
    "EINVAL",
    "listen.family: 5 is no family of addresses: use 4 or 6",
  ],
  [
    { listen: { kind: "vsock", port: 2 ** 32 } },
    "ERANGE",
    "listen.port: 4294967296 is out of range: use 0 to 4294967295",
  ],
  [
    { listen: { kind: "inherited", descriptors: [-1] } },
    "ERANGE",
    "listen.descriptors: -1 is out of range: use 0 to 2147483647",
  ],
  [
    { listen: { kind: "inherited", descriptors: [] } },
    "EINVAL",
    "listen.descriptors: the list is empty: name at least one socket",
  ],
  [
    { debugFlags: { "null.x": 2 ** 31 } },
    "ERANGE",
    'debugFlags["null.x"]: 2147483648 is out of range: use -2147483648 to 2147483647',
  ],
];

it.each(wrong)("serve refuses %j", async (options, code, message) => {
  await expect(serve({ plugin: "null", ...options })).rejects.toMatchObject({ code, message });
});

it("serve uses the default for 0 threads, as the command line does", async () => {
  await using server = await serve({ plugin: "null", parameters: { size: 512 }, threads: 0 });
  await using client = await connect(server.uri);
  expect(await client.read(0n, 1)).toEqual(Buffer.alloc(1));
});
