import { expect } from "vitest";
import { RawClient } from "./raw-client.ts";
import { ServerProcess, until } from "./server-process.ts";

/** What a server must be in the end: silent but for one line, with no descriptor more than it began with, and stoppable. */
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
  // Fewer, if the server still had its pidfile open when they were counted first.
  await until(() => server.descriptors <= descriptors);
  const { stderr } = await server.stop();
  const said = stderr.split("\n").slice(0, -1);
  expect(said).toHaveLength(lines.length);
  for (const [index, line] of lines.entries()) expect(said[index]).toMatch(line);
}
