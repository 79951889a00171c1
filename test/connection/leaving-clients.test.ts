import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NbdServer } from "../../src/api/nbd-server.ts";
import { serve } from "../../src/api/serve.ts";
import type { ServeOptions } from "../../src/api/serve-options.ts";
import type { Plugin } from "../../src/contract/plugin.ts";
import type { Log } from "../../src/core/log.ts";
import { Command, Option } from "../../src/protocol/constants.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Deferred } from "../helpers/deferred.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { encrypted, preShared } from "../helpers/secure-client.ts";
import { describeWith } from "../helpers/tools.ts";

type Question = "preconnect" | "open" | "read";

const halfBytes = 512 * 1024;

/** A disk that answers every call except one. That call waits until the client has disconnected. */
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
          // Reads of the second half complete synchronously.
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

/** The ways in which a client disconnects. */
const departures: Record<string, { readonly sent: readonly Buffer[]; readonly ends?: boolean }> = {
  "without NBD_CMD_DISC": { sent: [read] },
  "after NBD_CMD_DISC": { sent: [read, disconnect] },
  "after NBD_CMD_DISC and EOF": { sent: [read, disconnect], ends: true },
  "without reading its replies": { sent: [read, ...Array<Buffer>(40).fill(readHalf)] },
  "after more requests than the server reads ahead": { sent: Array(40_000).fill(read) },
  "after more requests than the server reads ahead, and NBD_CMD_DISC": {
    sent: [...Array<Buffer>(40_000).fill(read), disconnect],
  },
};

const goneError = { code: "ECONNRESET", message: "the client has gone" };

/**
 * Closes the socket as when the process of the client is killed. Over TCP, only a reset reports that no more
 * bytes are accepted.
 */
function leave({ socket }: RawClient): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

const pathOf = (server: NbdServer): string => new URL(server.uri).searchParams.get("socket")!;

describe("a disconnect of the client aborts the pending call of the plugin at once, and is not logged: the client disconnects", () => {
  async function leaves(
    departure: string,
    options: Omit<ServeOptions, "plugin">,
    connected: (server: NbdServer) => Promise<RawClient>,
  ): Promise<void> {
    const disk = new WaitingDisk("read");
    const { sent, ends = false } = departures[departure]!;
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

  it.each(Object.keys(departures))("%s, over a Unix socket", (departure) =>
    leaves(departure, {}, (server) => RawClient.ready(pathOf(server))),
  );

  it.each(Object.keys(departures))("%s, over TCP", (departure) =>
    leaves(departure, { listen: { kind: "tcp", host: "127.0.0.1", port: 0 } }, (server) => {
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

    it.each(Object.keys(departures))("%s, over TLS", (departure) =>
      leaves(departure, { tls: { psk: keys.psk } }, async (server) => {
        const client = await encrypted(pathOf(server), preShared("alice", keys.psk));
        await client.go("");
        return client;
      }),
    );
  });
});

describe("a disconnect during admission or open aborts the call of the plugin at once", () => {
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
