import { expect, it } from "vitest";
import { ClientConnection } from "../../src/client/connection.ts";
import { take } from "../../src/protocol/conversation.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";

it("a client connection keeps bytes that arrive before a handshake for that handshake", async () => {
  const transport = new MemoryTransport();
  const connection = new ClientConnection(transport, undefined);
  transport.deliver(Buffer.from("one"));
  expect((await connection.talk(take(2))).toString()).toBe("on");
  transport.deliver(Buffer.from("two"));
  expect((await connection.talk(take(4))).toString()).toBe("etwo");
});

it("a handshake fails at once when the server has disconnected before the handshake", async () => {
  const transport = new MemoryTransport();
  const connection = new ClientConnection(transport, undefined);
  transport.deliver(Buffer.from("one"));
  await connection.talk(take(3));
  transport.deliverEnd();
  await expect(connection.talk(take(1))).rejects.toMatchObject({ code: "ECONNRESET" });
});
