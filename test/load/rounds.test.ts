import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Command } from "../../src/protocol/constants.ts";
import { clientFlags, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

/**
 * `LOAD_ROUNDS=10000 npx vitest run --config test/vitest.config.ts test/load/rounds` also checks the memory.
 */
const asked = process.env.LOAD_ROUNDS;
const rounds = Number(asked ?? 300);

/** The ways to connect and disconnect. */
const visits: readonly ((client: RawClient) => Promise<void>)[] = [
  async (client) => client.destroy(),
  async (client) => {
    await client.take(18);
    client.socket.end();
    await client.closed;
  },
  async (client) => {
    await client.take(18);
    client.send(clientFlags());
    await client.go("");
    await client.readSector();
    client.send(request({ command: Command.disconnect }));
    await client.closed;
  },
  async (client) => {
    await client.take(18);
    client.send(clientFlags());
    await client.go("");
    client.send(request({ command: Command.write, length: 512 }), Buffer.alloc(100));
  },
  async (client) => {
    await client.take(18);
    client.send(clientFlags());
    await client.go("");
    client.send(...Array.from({ length: 10 }, () => request({ command: Command.read, length: 4096 })));
    client.socket.end();
    await client.closed;
  },
];

function memoryOf(pid: number): number {
  const line = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line![1]) / 1024;
}

const reason =
  process.platform === "linux" ? "" : " (skipped: only Linux lists the open descriptors of a process)";

describe.skipIf(reason !== "")(`${rounds} connections one after another${reason}`, () => {
  it("leave no descriptor behind, and no memory when LOAD_ROUNDS is set", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    const descriptors = server.descriptors;
    const memory: number[] = [];
    for (let round = 0; round < rounds; round++) {
      using client = await RawClient.connect(server.socket);
      await visits[round % visits.length]!(client);
      if (round % Math.ceil(rounds / 10) === 0) memory.push(memoryOf(server.pid));
    }
    // There may be fewer descriptors: the first count may have included the open pidfile.
    await until("the closing of the descriptors", () => server.descriptors <= descriptors);
    memory.push(memoryOf(server.pid));
    if (asked !== undefined) {
      console.log(`MiB after each tenth: ${memory.map((mib) => mib.toFixed(1)).join(" ")}`);
      // Ignore the first half: Node fills its heap before it collects garbage.
      expect(memory.at(-1)! - memory[5]!).toBeLessThan(16);
    }
    const { stderr } = await server.stop();
    expect(stderr).toBe("");
  }, 600_000);
});
