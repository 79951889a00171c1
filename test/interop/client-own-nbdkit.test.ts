import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/index.ts";
import { ServerProcess } from "../helpers/server-process.ts";

// None of the reference servers supports extended headers.
describe("our client and our nbdkit", () => {
  it("use extended headers, with ranges beyond 32 bits", async () => {
    await using server = await ServerProcess.start(["memory", "1T"]);
    await using client = await connect(server.uri());
    expect(client).toMatchObject({ replyForm: "extended", size: 2n ** 40n, contexts: ["base:allocation"] });
    const bytes = randomBytes(100_000);
    const offset = 2n ** 39n + 4096n;
    await client.write(offset, bytes, { fua: true });
    expect((await client.read(offset, bytes.length)).equals(bytes)).toBe(true);
    const status = (await client.blockStatus(0, client.size)).get("base:allocation")!;
    expect(status[0]!.state).toBe(3n);
    expect(status[0]!.length).toBeGreaterThan(2n ** 32n);
    await client.zero(0, client.size);
    expect((await client.read(offset, bytes.length)).equals(Buffer.alloc(bytes.length))).toBe(true);
  });

  it.each([
    ["--no-eh", "structured"],
    ["--no-extended-headers", "structured"],
    ["--no-sr", "simple"],
  ])("with %s use %s replies", async (option, replyForm) => {
    await using server = await ServerProcess.start([option, "memory", "1M"]);
    await using client = await connect(server.uri());
    expect(client).toMatchObject({ replyForm });
    expect(await client.read(0, 512)).toEqual(Buffer.alloc(512));
  });
});
