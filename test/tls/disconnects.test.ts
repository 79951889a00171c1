import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Command, Option } from "../../src/protocol/constants.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { option, RawClient, request } from "../helpers/raw-client.ts";
import { shortStall } from "../helpers/run.ts";
import { askForTls, credentials, encrypt, encrypted, greeted, preShared } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

/** The first bytes of a TLS record that announces a ClientHello of 508 bytes. */
const halfHello: Buffer = Buffer.from("16030102000100 01fc0303".replaceAll(" ", ""), "hex");

const MiB = 1024 * 1024;

describeWith(certificateTools, "a server that requires TLS", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  /** How far a client gets before it disconnects. */
  const phases: [title: string, advance: (socketPath: string) => Promise<RawClient>][] = [
    ["before it has said anything", (path) => RawClient.connect(path)],
    ["after the greeting", greeted],
    [
      "in the middle of STARTTLS",
      async (path) => {
        const client = await greeted(path);
        client.send(option(Option.starttls).subarray(0, 11));
        return client;
      },
    ],
    ["before the ClientHello", acknowledged],
    [
      "in the middle of the ClientHello",
      async (path) => {
        const client = await acknowledged(path);
        client.send(halfHello);
        return client;
      },
    ],
    [
      "after nonsense instead of a ClientHello",
      async (path) => {
        const client = await acknowledged(path);
        client.send(Buffer.alloc(600, 0x55));
        return client;
      },
    ],
    [
      "with a ClientHello that has just been sent",
      async (path) => {
        const client = await acknowledged(path);
        // Do not wait for the answer.
        encrypt(client, credentials(keys.pki)).catch(() => {});
        return client;
      },
    ],
    ["after the TLS handshake", (path) => encrypted(path, credentials(keys.pki))],
    [
      "in the middle of an encrypted option",
      async (path) => {
        const client = await encrypted(path, credentials(keys.pki));
        client.send(option(Option.go, Buffer.alloc(10)).subarray(0, 20));
        return client;
      },
    ],
    ["after it has chosen an export", ready],
    [
      "in the middle of a request",
      async (path) => {
        const client = await ready(path);
        client.send(request({ command: Command.read, length: 512 }).subarray(0, 13));
        return client;
      },
    ],
    [
      "in the middle of what it writes",
      async (path) => {
        const client = await ready(path);
        client.send(request({ command: Command.write, length: MiB }), Buffer.alloc(MiB / 2));
        return client;
      },
    ],
    [
      "with answers that it never took",
      async (path) => {
        const client = await ready(path);
        client.socket.pause();
        for (let n = 0; n < 16; n++) client.send(request({ command: Command.read, length: MiB }));
        return client;
      },
    ],
  ];

  async function acknowledged(path: string): Promise<RawClient> {
    const client = await greeted(path);
    await askForTls(client);
    return client;
  }

  async function ready(path: string): Promise<RawClient> {
    const client = await encrypted(path, credentials(keys.pki));
    await client.go("");
    return client;
  }

  const start = (args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> =>
    ServerProcess.start(["--tls=require", "--tls-certificates", keys.pki, ...args, "memory", "16M"], { env });

  describe.each(phases)("survives clients that vanish %s", (_, advance) => {
    it.each([
      ["leave", (client: RawClient) => client.destroy()],
      ["end their half first", (client: RawClient) => void client.socket.end()],
    ])("and %s: it continues to serve, leaks no descriptor and ends in order", async (_how, leave) => {
      await using server = await start();
      const descriptors = server.descriptors;
      {
        using bystander = await ready(server.socket);
        await bystander.readSector();
        const clients: RawClient[] = [];
        for (let n = 0; n < 4; n++) clients.push(await advance(server.socket));
        for (const client of clients) leave(client);
        await bystander.readSector();
        using next = await ready(server.socket);
        await next.readSector();
        for (const client of clients) client.destroy();
      }
      await until("the closing of the descriptors", () => server.descriptors <= descriptors);
      const { stderr } = await server.stop();
      // An error of one client is logged in one line at most, without a stack.
      expect(stderr.split("\n").length - 1).toBeLessThanOrEqual(4);
      for (const line of stderr.split("\n").slice(0, -1))
        expect(line).toMatch(/^nbdkit: memory\[\d+\]: error: /);
    });

    it("and ends in order while they are still connected", async () => {
      await using server = await start([], shortStall);
      using _client = await advance(server.socket);
      await server.stop();
    });
  });

  it("cuts off a client that stalls before the ClientHello, after the time of --timeout", async () => {
    await using server = await start(["--timeout=1"]);
    using client = await acknowledged(server.socket);
    await client.closed;
    expect((await server.stop()).stderr).toBe(
      "nbdkit: memory[1]: error: the client took too long to choose an export\n",
    );
  });

  it("cuts off a client that stalls in the middle of the ClientHello, after the time of --timeout", async () => {
    await using server = await start(["--timeout=1"]);
    using client = await acknowledged(server.socket);
    client.send(halfHello);
    await client.closed;
    await server.stop();
  });

  it("cuts off a client that stalls after the TLS handshake, after the time of --timeout", async () => {
    await using server = await start(["--timeout=1"]);
    using client = await encrypted(server.socket, credentials(keys.pki));
    await client.closed;
    await server.stop();
  });

  it("does not cut off a client by --timeout after the client has chosen an export", async () => {
    await using server = await start(["--timeout=1"]);
    using chosen = await ready(server.socket);
    using stalled = await acknowledged(server.socket);
    await stalled.closed;
    await chosen.readSector();
  });

  it("continues to serve after many clients with wrong keys", async () => {
    await using server = await ServerProcess.start(["--tls=require", "--tls-psk", keys.psk, "memory", "1M"]);
    const descriptors = server.descriptors;
    for (let n = 0; n < 20; n++) {
      await expect(encrypted(server.socket, preShared("alice", keys.wrongPsk))).rejects.toThrow();
    }
    {
      using client = await encrypted(server.socket, preShared("alice", keys.psk));
      await client.go("");
      await client.readSector();
    }
    await until("the closing of the descriptors", () => server.descriptors <= descriptors);
  });
});
