import { expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { connect, type NbdClient } from "../../src/client/index.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { until } from "../helpers/until.ts";

const crowd = 8;

it("late replies to disconnected clients are not sent to new clients with the same descriptor numbers", async () => {
  const late: (() => void)[] = [];
  const disconnect: (() => void)[] = [];
  const plugin = definePlugin({
    name: "late",
    open: (_state, client) => {
      if (client.exportName === "") return { size: 512n, read: (into) => void into.fill(2) };
      disconnect.push(() => client.disconnect!(true));
      return { size: 512n, read: () => new Promise<void>((resolve) => late.push(resolve)) };
    },
  });
  const errors: string[] = [];
  const log = { verbose: false, error: (line: string) => void errors.push(line), debug: () => {} };
  await using server = await serve({ plugin, log });
  const victims = await connectAll(server.uriOf("late"));
  const lost = victims.map((client) => client.read(0n, 512).catch(() => {}));
  await until("all reads", () => late.length === crowd);
  for (const one of disconnect) one();
  await Promise.all([...lost, ...victims.map(({ closed }) => closed)]);
  const others = await connectAll(server.uri);
  for (const resolve of late) resolve();
  // The late replies are sent at the end of an event-loop iteration. A round trip takes several iterations.
  for (let round = 0; round < 3; round++) {
    for (const client of others) expect(await client.read(0n, 512)).toEqual(Buffer.alloc(512, 2));
  }
  await Promise.all(others.map((client) => client.close()));
  expect(errors).toEqual([]);
});

function connectAll(uri: string): Promise<NbdClient[]> {
  return Promise.all(Array.from({ length: crowd }, () => connect(uri)));
}
