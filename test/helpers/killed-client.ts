import type { ChildProcess } from "node:child_process";
import { connect } from "nbdkit-node";
import { printed } from "./sandbox.ts";
import type { ServerProcess } from "./server-process.ts";
import { atTestEnd } from "./test-end.ts";
import { until } from "./until.ts";

/**
 * Kills a client that has printed the text and sends requests. The server must then close its connection and
 * serve others.
 */
export async function killedWhileBusy(
  server: ServerProcess,
  start: () => ChildProcess,
  text = "busy",
): Promise<void> {
  const descriptors = server.descriptors;
  const client = start();
  atTestEnd(() => void client.kill("SIGKILL"));
  await printed(client, text);
  client.kill("SIGKILL");
  // The number may be lower than before, if the pidfile was still open at the first count.
  await until("the closing of the descriptors", () => server.descriptors <= descriptors);
  await using other = await connect(server.uri());
  await other.read(0, 4096);
}
