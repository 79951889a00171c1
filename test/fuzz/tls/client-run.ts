import type { Duplex } from "node:stream";
import { ClientConnection } from "../../../src/client/connection.ts";
import { Option, OptionReply } from "../../../src/protocol/constants.ts";
import { StreamTransport } from "../../../src/transport/stream.ts";
import type { Upgrade } from "../../../src/transport/upgrade.ts";
import { MemoryStream } from "../../helpers/memory-stream.ts";
import { type Link, runClientCase } from "../client-run.ts";
import { optionReply } from "../encode.ts";
import { expectThat } from "../finding.ts";
import type { FuzzKeys } from "./keys.ts";
import { greetingBytes, isClean, type TlsClientCase } from "./plan.ts";
import { disturb, quiet } from "./wire.ts";

/** Runs one case. @throws Finding, or an unexpected error of the client */
export async function runTlsClientCase(test: TlsClientCase, keys: FuzzKeys): Promise<void> {
  const { plan, inner } = test;
  const clean = isClean(plan, "client");
  const link = new TlsLink(test, await keys.client(plan), await keys.peerServer(plan));
  const bytes = Buffer.concat(inner.handshake).subarray(greetingBytes);
  const valid = inner.valid && clean;
  const met = { ...inner, valid, handshake: bytes.length === 0 ? [] : [bytes] };
  await runClientCase(met, link);
  expectThat(link.secured || !clean, "a clean TLS handshake fails");
  await link.quiet();
  expectThat(link.clientEnd.destroyed, "the client's end of the connection stays open");
}

/** A server that greets and acknowledges STARTTLS in plaintext, and continues with TLS. */
class TlsLink implements Link {
  readonly tls = "require";
  readonly connection: ClientConnection;
  readonly clientEnd: MemoryStream;
  secured = false;
  readonly #test: TlsClientCase;
  readonly #upgrade: Upgrade;
  readonly #server: MemoryStream;
  readonly #sent: Buffer[] = [];
  #inside: Duplex | undefined;

  constructor(test: TlsClientCase, upgrade: Upgrade, peer: Upgrade) {
    this.#test = test;
    this.#upgrade = peer;
    [this.clientEnd, this.#server] = MemoryStream.pair();
    this.#server.on("error", () => {});
    this.connection = new ClientConnection(
      new StreamTransport(this.clientEnd, this.clientEnd, { family: "unix" }),
      upgrade,
    );
  }

  async open(): Promise<void> {
    const { plan, inner } = this.#test;
    const server = this.#server;
    const heard: Buffer[] = [];
    const hear = (bytes: Buffer): void => void heard.push(bytes);
    server.on("data", hear);
    server.write(Buffer.concat(inner.handshake).subarray(0, greetingBytes));
    await this.quiet();
    const asked = Buffer.concat(heard).subarray(4);
    expectThat(
      asked.length === 16 && asked.readUInt32BE(8) === Option.starttls,
      "the client asks for no TLS",
    );
    // The ClientHello stays in the stream until TLS reads it.
    server.off("data", hear).pause();
    const acknowledged = optionReply(Option.starttls, OptionReply.ack);
    server.write(Buffer.concat([acknowledged, Buffer.from(plan.injected, "hex")]));
    // Wait: the next bytes are encrypted and must not be read as plaintext.
    await this.quiet();
    disturb(server, plan);
    if (plan.instead === undefined) await this.#secure();
    else server.write(Buffer.from(plan.instead, "hex"));
    await this.quiet();
  }

  deliver(bytes: Buffer): void {
    this.#inside?.write(bytes);
  }

  quiet(): Promise<void> {
    return quiet(this.clientEnd, this.#server);
  }

  takeSent(): Buffer {
    return Buffer.concat(this.#sent.splice(0));
  }

  leave(lost: boolean): void {
    if (lost) this.#server.lose();
    else if (this.#inside !== undefined) this.#inside.end();
    else this.#server.end();
  }

  async #secure(): Promise<void> {
    this.#upgrade(this.#server).then(
      ({ stream }) => {
        this.#inside = stream;
        this.secured = true;
        stream.on("error", () => {});
        stream.on("data", (bytes: Buffer) => void this.#sent.push(bytes));
        stream.once("close", () => this.#server.destroy());
      },
      () => this.#server.destroy(),
    );
    await this.quiet();
  }
}
