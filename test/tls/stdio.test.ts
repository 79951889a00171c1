import { once } from "node:events";
import { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NbdClient } from "../../src/client/client.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import { clientUpgrade } from "../../src/client/tls.ts";
import { parseNbdUri } from "../../src/client/uri.ts";
import { clientHandshake } from "../../src/protocol/client/handshake.ts";
import { StreamTransport } from "../../src/transport/stream.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { launch, nbdkit } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(certificateTools, "-s with --tls=require, on a pair of pipes", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  it("serves one client over TLS and ends when the client disconnects", async () => {
    const args = ["-s", "--tls=require", "--tls-certificates", keys.pki, "--tls-verify-peer", "memory", "4M"];
    // Programs of the shell in between: Node would give the server sockets instead of pipes.
    const child = launch("/bin/sh", ["-c", 'cat | "$0" "$@" | cat', nbdkit, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    // Not "close": no program reads what the server prints after the client has disconnected.
    const exit = once(child, "exit");
    const pipes = Duplex.from({ readable: child.stdout!, writable: child.stdin! });
    const address = parseNbdUri(`nbds+unix:///?socket=none&tls-certificates=${keys.pki}`);
    const line = new ClientConnection(
      new StreamTransport(pipes, pipes, { family: "stdio" }),
      await clientUpgrade(address),
    );
    const options = { tls: "require", structuredReplies: true, extendedHeaders: true } as const;
    const agreed = await line.talk(clientHandshake({ ...options, exportName: "", metaContexts: [] }));
    const client = new NbdClient(line, address, agreed);
    const data = Buffer.alloc(1024 * 1024, 0x5a);
    await client.write(4096n, data);
    const back = Buffer.alloc(data.length);
    await client.read(4096n, back);
    expect(back.equals(data)).toBe(true);
    await client.close();
    expect(await exit).toEqual([0, null]);
    expect(said).toBe("");
  });
});
