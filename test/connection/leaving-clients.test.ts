import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServeOptions } from "../../src/api/options.ts";
import { serve } from "../../src/api/serve.ts";
import type { NbdServer } from "../../src/api/server.ts";
import type { Plugin } from "../../src/contract/plugin.ts";
import type { Log } from "../../src/core/log.ts";
import { Command, Option } from "../../src/protocol/constants.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Deferred } from "../helpers/deferred.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { describeWith } from "../helpers/tools.ts";
import { encrypted, preShared } from "../tls/secure-client.ts";

type Question = "preconnect" | "open" | "read";

const halfBytes = 512 * 1024;

/** Answers everything but one question, which is given up when the client has gone. */
class WaitingDisk {
  readonly asked: Promise<void>;
  readonly gone: Promise<unknown>;
  readonly plugin: Plugin;
  readonly errors: string[] = [];
  readonly log: Log = { verbose: false, debug: () => {}, error: (message) => this.errors.push(message) };

  constructor(question: Question) {
    const asked = new Deferred<void>();
    const gone = new Deferred<unknown>();
    this.asked = asked.promise;
    this.gone = gone.promise;
    const ask = async (one: Question, signal: AbortSignal): Promise<void> => {
      if (one !== question) return;
      signal.onabort = () => gone.resolve(signal.reason);
      asked.resolve();
      await this.gone;
      signal.throwIfAborted();
    };
    this.plugin = {
      name: "waiting",
      preconnect: (_state, { signal }) => ask("preconnect", signal),
      open: async (_state, { signal }) => {
        await ask("open", signal);
        return {
          size: BigInt(2 * halfBytes),
          // Half of it is there at once.
          read: (_into, offset) => (offset === 0n ? ask("read", signal) : undefined),
        };
      },
    };
  }
}

const read = request({ command: Command.read, length: 512 });
const readHalf = request({ command: Command.read, offset: BigInt(halfBytes), length: halfBytes });
const disconnect = request({ command: Command.disconnect });
const go = option(Option.go, goData(""));

/** What a client does between the last thing that it waits for and its end. */
const farewells: Record<string, { readonly sent: readonly Buffer[]; readonly ends?: boolean }> = {
  "without a word": { sent: [read] },
  "after a goodbye": { sent: [read, disconnect] },
  "after a goodbye and the end of its stream": { sent: [read, disconnect], ends: true },
  "after it has taken none of its replies": { sent: [read, ...Array<Buffer>(40).fill(readHalf)] },
  "after more requests than are received ahead": { sent: Array(40_000).fill(read) },
  "after more requests than are received ahead, and a goodbye": {
    sent: [...Array<Buffer>(40_000).fill(read), disconnect],
  },
};

const goneError = { code: "ECONNRESET", message: "the client has gone" };

/** The socket breaks as it does when a process is killed; over TCP only a reset tells that nobody takes anything. */
function leave({ socket }: RawClient): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

const pathOf = (server: NbdServer): string => new URL(server.uri).searchParams.get("socket")!;

describe("the plugin of a request hears at once, and nobody else, that the client has left", () => {
  async function leaves(
    farewell: string,
    options: Omit<ServeOptions, "plugin">,
    connected: (server: NbdServer) => Promise<RawClient>,
  ): Promise<void> {
    const disk = new WaitingDisk("read");
    const { sent, ends = false } = farewells[farewell]!;
    await using server = await serve({ ...options, plugin: disk.plugin, log: disk.log });
    using client = await connected(server);
    client.socket.pause();
    client.send(...sent);
    await disk.asked;
    if (ends) await once(client.socket.end(), "finish");
    leave(client);
    expect(await disk.gone).toMatchObject(goneError);
    await server.close();
    expect(disk.errors).toEqual([]);
  }

  it.each(Object.keys(farewells))("%s, over a Unix socket", (farewell) =>
    leaves(farewell, {}, (server) => RawClient.ready(pathOf(server))),
  );

  it.each(Object.keys(farewells))("%s, over TCP", (farewell) =>
    leaves(farewell, { listen: { kind: "tcp", host: "127.0.0.1", port: 0 } }, (server) => {
      const { hostname: host, port } = new URL(server.uri.replace("nbd:", "http:"));
      return RawClient.ready({ host, port: Number(port) });
    }),
  );

  describeWith(certificateTools, "", () => {
    let keys: Certificates;
    beforeAll(async () => {
      keys = await Certificates.make();
    });
    afterAll(() => keys[Symbol.dispose]());

    it.each(Object.keys(farewells))("%s, over TLS", (farewell) =>
      leaves(farewell, { tls: { psk: keys.psk } }, async (server) => {
        const client = await encrypted(pathOf(server), preShared("alice", keys.psk));
        await client.go("");
        return client;
      }),
    );
  });
});

describe("a plugin that is still busy with a new client hears at once that it has left", () => {
  it.each<[Question, string, readonly Buffer[]]>([
    ["preconnect", "has sent nothing", []],
    ["preconnect", "has sent much", [Buffer.alloc(1_000_000)]],
    ["open", "waits for the answer", [clientFlags(), go]],
    ["open", "has sent much", [clientFlags(), go, Buffer.alloc(1_000_000)]],
  ])("in %s, when the client %s", async (question, _what, sent) => {
    const disk = new WaitingDisk(question);
    await using server = await serve({ plugin: disk.plugin, log: disk.log });
    using client = await RawClient.connect(pathOf(server));
    client.send(...sent);
    await disk.asked;
    leave(client);
    expect(await disk.gone).toMatchObject(goneError);
    await server.close();
    expect(disk.errors).toEqual([]);
  });
});
