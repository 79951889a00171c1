import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import type { ServeOptions } from "../../src/api/serve-options.ts";
import { connect } from "../../src/client/index.ts";
import type { Plugin } from "../../src/contract/plugin.ts";
import { Command } from "../../src/protocol/constants.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Deferred } from "../helpers/deferred.ts";
import { RawClient, request } from "../helpers/raw-client.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

/**
 * A disk whose read of the first sector completes when the test calls `answer`, or when the client
 * disconnects.
 */
class SlowDisk {
  readonly asked: Promise<void>;
  readonly gone: Promise<unknown>;
  readonly plugin: Plugin;
  aborted = false;
  answer!: () => void;

  constructor() {
    const asked = new Deferred<void>();
    const gone = new Deferred<unknown>();
    this.asked = asked.promise;
    this.gone = gone.promise;
    const answered = new Promise<void>((resolve) => {
      this.answer = resolve;
    });
    this.plugin = {
      name: "slow",
      open: (_state, { signal }) => {
        signal.addEventListener("abort", () => {
          this.aborted = true;
          gone.resolve(signal.reason);
        });
        const read = async (into: Uint8Array, offset: bigint): Promise<void> => {
          into.fill(1);
          if (offset > 0n) return;
          asked.resolve();
          await Promise.race([answered, this.gone]);
        };
        return { size: 1_048_576n, read };
      },
    };
  }
}

describe("the signal of a plugin aborts at once when the client disconnects during a request, on", () => {
  const tcp: ServeOptions["listen"] = { kind: "tcp", host: "127.0.0.1", port: 0 };

  async function leaves(options: Omit<ServeOptions, "plugin">, uri = (uri: string) => uri): Promise<void> {
    const disk = new SlowDisk();
    await using server = await serve({ ...options, plugin: disk.plugin });
    const client = await connect(uri(server.uri));
    const reads = [0, 512, 1024].map((offset) => client.read(offset, 512));
    const outcomes = Promise.allSettled(reads);
    await disk.asked;
    client.destroy();
    expect(await disk.gone).toMatchObject({ code: "ECONNRESET", message: "the client has gone" });
    await outcomes;
  }

  it.each<[string, Omit<ServeOptions, "plugin">]>([
    ["a Unix socket", {}],
    ["a Unix socket, with one request in flight at most", { threads: 1 }],
    ["a Unix socket, with serialized requests", { filters: ["noparallel"] }],
    ["TCP", { listen: tcp }],
    ["TCP, with one request in flight at most", { listen: tcp, threads: 1 }],
  ])("%s", (_title, options) => leaves(options));

  describeWith(certificateTools, "", () => {
    let keys: Certificates;
    beforeAll(async () => {
      keys = await Certificates.make();
    });
    afterAll(() => keys[Symbol.dispose]());

    it.each([16, 1])("TLS, with %i requests in flight at most", (threads) =>
      leaves({ threads, tls: { psk: keys.psk } }, (uri) =>
        uri.replace("nbds+unix://", "nbds+unix://alice@").concat(`&tls-psk-file=${keys.psk}`),
      ),
    );
  });

  it("standard input and output", async () => {
    await using sandbox = new Sandbox();
    const plugin = sandbox.file(
      "slow.mjs",
      `const noticed = ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve));
      export default {
        name: "slow",
        open: (_state, client) => ({ size: 512n, read: () => noticed(client).then(() => console.error("noticed")) }),
      };`,
    );
    const path = sandbox.folder.join("socket");
    const listener = createServer({ pauseOnConnect: true }).listen(path);
    const accepted = once(listener, "connection") as Promise<[Socket]>;
    const connecting = connect(`nbd+unix:///?socket=${path}`);
    const [socket] = await accepted;
    const server = sandbox.start(nbdkit, ["-s", plugin], { stdio: [socket, socket, "pipe"] });
    socket.destroy();
    listener.close();
    const client = await connecting;
    const read = client.read(0, 512);
    // The error reply to the invalid second request proves that the server has received the first request.
    await expect(client.read(0, 1024)).rejects.toThrow();
    client.destroy();
    await expect(read).rejects.toThrow("destroyed");
    expect(await outcomeOf(server)).toMatchObject({ status: 0, stderr: "noticed\n" });
  });
});

describe("a client that sends NBD_CMD_DISC", () => {
  it("still gets the replies to its earlier requests", async () => {
    const disk = new SlowDisk();
    await using server = await serve({ plugin: disk.plugin, listen: { kind: "private" }, threads: 1 });
    const path = new URL(server.uri).searchParams.get("socket")!;
    using client = await RawClient.ready(path);
    const read = (offset: bigint): Buffer => request({ command: Command.read, offset, length: 512 });
    client.send(read(0n), read(512n), request({ command: Command.disconnect }));
    client.socket.end();
    await disk.asked;
    using other = await RawClient.ready(path);
    await other.readSector(512n);
    expect(disk.aborted).toBe(false);
    disk.answer();
    for (let count = 0; count < 2; count++) {
      expect(await client.simpleReply()).toBe(0);
      expect(await client.take(512)).toEqual(Buffer.alloc(512, 1));
    }
    await client.closed;
  });
});
