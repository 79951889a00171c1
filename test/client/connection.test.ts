import { expect, it } from "vitest";
import { ClientConnection } from "../../src/client/connection.ts";
import { take } from "../../src/protocol/conversation.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";

it("what comes before anybody talks, or between two that do, waits for the next one", async () => {
  const transport = new MemoryTransport();
  const line = new ClientConnection(transport, undefined);
  transport.deliver(Buffer.from("one"));
  expect((await line.talk(take(2))).toString()).toBe("on");
  transport.deliver(Buffer.from("two"));
  expect((await line.talk(take(4))).toString()).toBe("etwo");
});

it("a server that leaves between two conversations is missed by the second, not waited for", async () => {
  const transport = new MemoryTransport();
  const line = new ClientConnection(transport, undefined);
  transport.deliver(Buffer.from("one"));
  await line.talk(take(3));
  transport.deliverEnd();
  await expect(line.talk(take(1))).rejects.toMatchObject({ code: "ECONNRESET" });
});
