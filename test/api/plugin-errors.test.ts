import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { connect } from "../../src/client/index.ts";
import type { Plugin } from "../../src/contract/plugin.ts";

/** The address of a web server that does not run. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/`;
}

const handle = { size: 512n, read: () => {} };
const get = async (url: string): Promise<never> => {
  throw new Error("no list of blocks", { cause: await fetch(url).catch((error) => error) });
};

const plugins: readonly (readonly [when: string, make: (url: string) => Partial<Plugin>])[] = [
  ["read", (url) => ({ open: () => ({ ...handle, read: () => get(url) }) })],
  ["open", (url) => ({ open: () => get(url) })],
];

it.each(plugins)(
  "the client and the log get the reason why a fetch in a plugin's %s failed",
  async (_when, make) => {
    const url = await nowhere();
    const said: string[] = [];
    const log = { verbose: false, error: (line: string) => void said.push(line), debug: () => {} };
    const plugin: Plugin = { name: "fetching", open: () => handle, ...make(url) };
    await using server = await serve({ plugin, log });
    const reason = `no list of blocks: fetch failed: connect ECONNREFUSED ${new URL(url).host}`;
    const asked = async (): Promise<void> => {
      await using client = await connect(server.uri);
      await client.read(0n, 512);
    };
    await expect(asked()).rejects.toThrow(reason);
    expect(said).toEqual([expect.stringContaining(reason)]);
  },
);

it("the log gets the reason why a fetch in a plugin's cleanup failed", async () => {
  const url = await nowhere();
  const plugin: Plugin = {
    name: "fetching",
    open: () => handle,
    cleanup: () => get(url),
    configComplete: () => ({}),
  };
  const said: string[] = [];
  const log = { verbose: false, error: (line: string) => void said.push(line), debug: () => {} };
  await (await serve({ plugin, log })).close();
  expect(said).toEqual([
    expect.stringMatching(/^cleanup: no list of blocks: fetch failed: connect ECONNREFUSED/),
  ]);
});
