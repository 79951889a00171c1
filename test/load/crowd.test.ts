import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Command, Option } from "../../src/protocol/constants.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

const crowdSize = 1000;
const MiB = 1024 * 1024;
const diskBytes = 8 * MiB;

const go = option(Option.go, goData(""));
const write = Buffer.concat([
  request({ command: Command.write, offset: BigInt(diskBytes - 4096), length: 4096 }),
  Buffer.alloc(4096, 0xff),
]);
const replies = Array.from({ length: 24 }, () => request({ command: Command.read, length: 64 * 1024 }));

/** The point where a client stops: it has sent part of its data, and sends no more. */
const stalls: readonly (readonly [string, (client: RawClient) => void])[] = [
  ["says nothing", () => {}],
  ["sends half of its flags", (client) => client.send(clientFlags().subarray(0, 2))],
  ["sends its flags", (client) => client.send(clientFlags())],
  ["sends half of an option's header", (client) => client.send(clientFlags(), go.subarray(0, 9))],
  ["sends half of an option's data", (client) => client.send(clientFlags(), go.subarray(0, 19))],
  ["chooses its export", (client) => client.send(clientFlags(), go)],
  ["sends half of a request", (client) => client.send(clientFlags(), go, write.subarray(0, 13))],
  ["sends half of a payload", (client) => client.send(clientFlags(), go, write.subarray(0, 2000))],
  [
    "reads none of its replies",
    (client) => {
      client.socket.pause();
      client.send(clientFlags(), go, ...replies);
    },
  ],
];

/** Pseudo-random numbers that are the same in every run. */
function numberAt(seed: number, below: number): number {
  return createHash("sha256").update(String(seed)).digest().readUInt32BE(0) % below;
}

/** Writes and reads random ranges in its own part of the disk, and checks every byte that it reads. */
async function checkedWork(uri: string, part: number, requests: number): Promise<void> {
  const partBytes = 2 * MiB;
  const start = part * partBytes;
  const model = Buffer.alloc(partBytes);
  await using client = await connect(uri);
  for (let count = 0; count < requests; count++) {
    const seed = part * 100_000 + count;
    const at = numberAt(seed, partBytes - 1);
    const length = 1 + numberAt(seed + 50_000, Math.min(64 * 1024, partBytes - at));
    if (count % 2 === 0) {
      model.fill(1 + (seed % 255), at, at + length);
      await client.write(start + at, model.subarray(at, at + length));
    } else {
      expect((await client.read(start + at, length)).equals(model.subarray(at, at + length))).toBe(true);
    }
  }
  expect((await client.read(start, partBytes)).equals(model)).toBe(true);
}

describe(`${crowdSize} connections at once`, () => {
  it("serve each other client and a checked workload correctly while half of them stall at any point", async () => {
    await using server = await ServerProcess.start(["memory", String(diskBytes)]);
    const descriptors = server.descriptors;
    const crowd: RawClient[] = [];
    const working: RawClient[] = [];
    const enter = async (index: number): Promise<void> => {
      const stalled = index % 2 === 0;
      const client = await (stalled ? RawClient.connect(server.socket) : RawClient.ready(server.socket));
      crowd.push(client);
      if (stalled) stalls[(index / 2) % stalls.length]![1](client);
      else working.push(client);
    };
    const work = [0, 1].map((part) => checkedWork(server.uri(), part, 400));
    for (let index = 0; index < crowdSize; index += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => enter(index + more)));
    }
    expect([crowd.length, working.length]).toEqual([crowdSize, crowdSize / 2]);
    work.push(checkedWork(server.uri(), 2, 200));
    // The working clients are served while all other clients are still connected.
    const zeroes = Buffer.alloc(512);
    const untouched = BigInt(diskBytes - 4096);
    await Promise.all(
      working.map(async (client) => {
        for (let round = 0; round < 3; round++)
          expect((await client.readSector(untouched)).equals(zeroes)).toBe(true);
      }),
    );
    await Promise.all(work);
    for (const client of crowd) client.destroy();
    // There may be fewer descriptors: the first count may have included the open pidfile.
    await until("the closing of the descriptors", () => server.descriptors <= descriptors);
    const { stderr } = await server.stop();
    expect(stderr).toBe("");
  });
});
