import { expect } from "vitest";
import { RawClient } from "./raw-client.ts";
import { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

/**
 * Attacks a server, and checks its state afterwards: it serves other clients, logs only the expected lines,
 * has no more descriptors than before, and stops cleanly.
 */
export async function survives(
  attack: (server: ServerProcess, bystander: RawClient) => Promise<unknown>,
  lines: RegExp[] = [],
): Promise<void> {
  await using server = await ServerProcess.start(["memory", "1M"]);
  const descriptors = server.descriptors;
  {
    using bystander = await RawClient.ready(server.socket);
    await bystander.readSector();
    await attack(server, bystander);
    await bystander.readSector();
  }
  // The number may be lower than before, if the pidfile was still open at the first count.
  await until("the closing of the descriptors", () => server.descriptors <= descriptors);
  const { stderr } = await server.stop();
  const said = stderr.split("\n").slice(0, -1);
  expect(said).toHaveLength(lines.length);
  for (const [index, line] of lines.entries()) expect(said[index]).toMatch(line);
}
