import { describe, expect, it } from "vitest";
import type { OpenRequest } from "../../src/contract/plugin.ts";
import { compatibleVersion } from "../../src/core/version.ts";
import info from "../../src/plugins/info.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

testPlugin("info", { plugin: info, exportName: "x".repeat(4096) });
testPlugin("info about nothing", { plugin: info, runs: 2 });
testPlugin("info in base64", { plugin: info, parameters: { mode: "base64exportname" }, exportName: "AAEC" });

/** The content of the disk for one client. */
async function contentOf(mode: string, request: Partial<OpenRequest> = {}): Promise<string> {
  await using session = await TestedChain.start({ plugin: info, parameters: { mode } });
  return (await contents(await session.open(request))).toString("latin1");
}

describe("info", () => {
  it.each(["exportname", "export-name", "EXPORTNAME"])(
    "contains the export name with mode=%s",
    async (mode) => {
      expect(await contentOf(mode, { exportName: "a name/é" })).toBe(
        Buffer.from("a name/é").toString("latin1"),
      );
      expect(await contentOf(mode, { exportName: "" })).toBe("");
    },
  );

  it.each(["base64exportname", "base64-export-name"])(
    "contains the decoded export name with mode=%s",
    async (mode) => {
      expect(await contentOf(mode, { exportName: "/wAB" })).toBe("\xff\0\x01");
      expect(await contentOf(mode, { exportName: "aG Vs\nbG8=" })).toBe("hello");
      expect(await contentOf(mode, { exportName: "" })).toBe("");
      await expect(contentOf(mode, { exportName: "aGV" })).rejects.toThrow("base64: Base64 decoding error");
      await expect(contentOf(mode, { exportName: "a-_=" })).rejects.toThrow("base64: Base64 decoding error");
    },
  );

  it("contains the client's address with mode=address", async () => {
    const at = (address: string) => ({ family: "tcp", address, port: 1234 }) as const;
    expect(await contentOf("address", { peer: at("127.0.0.1") })).toBe("127.0.0.1:1234");
    expect(await contentOf("address", { peer: at("::1") })).toBe("[::1]:1234");
    expect(await contentOf("address", { peer: { family: "unix" } })).toBe("unix");
    expect(await contentOf("address", { peer: { family: "stdio" } })).toBe("");
  });

  it("contains the compatible version of nbdkit with mode=version", async () => {
    expect(await contentOf("version")).toBe(compatibleVersion);
  });

  it("advertises multi-conn only in modes where all connections read the same bytes", async () => {
    const shared = async (mode: string): Promise<boolean> => {
      await using session = await TestedChain.start({ plugin: info, parameters: { mode } });
      return (await session.open()).canMultiConn;
    };
    expect([await shared("exportname"), await shared("version")]).toEqual([true, true]);
    expect([await shared("address"), await shared("time"), await shared("conntime")]).not.toContain(true);
  });

  it("refuses unknown modes", async () => {
    await expect(contentOf("foo")).rejects.toThrow("unknown mode: 'foo': use exportname, base64exportname");
  });
});

describe("info about time", () => {
  /** µs */
  const time = (bytes: Buffer): number => Number(bytes.readBigInt64BE(0)) * 1e6 + bytes.readInt32BE(8);
  const read = async (session: TestedChain): Promise<number> => time(await contents(await session.open()));

  it("contains the time of day with mode=time", async () => {
    await using session = await TestedChain.start({ plugin: info, parameters: { mode: "time" } });
    const before = Date.now() * 1000;
    const found = await read(session);
    expect(found).toBeGreaterThanOrEqual(before);
    expect(found).toBeLessThanOrEqual(Date.now() * 1000);
  });

  it.each([
    ["uptime", (session: TestedChain) => read(session)],
    ["conntime", async (session: TestedChain) => time(await contents(await session.open()))],
  ])("starts at 0 and only increases with mode=%s", async (mode, look) => {
    const before = process.hrtime.bigint();
    await using session = await TestedChain.start({ plugin: info, parameters: { mode } });
    const first = await look(session);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThanOrEqual(Number(process.hrtime.bigint() - before) / 1000 + 1);
    if (mode === "uptime") expect(await look(session)).toBeGreaterThanOrEqual(first);
  });

  it("counts the time since the client connected with mode=conntime", async () => {
    await using session = await TestedChain.start({ plugin: info, parameters: { mode: "conntime" } });
    const first = await session.open();
    const passed = process.hrtime.bigint() + 2_000_000n;
    while (process.hrtime.bigint() < passed);
    const second = await session.open();
    expect(time(await contents(first))).toBeGreaterThanOrEqual(2000);
    expect(time(await contents(first))).toBeGreaterThan(time(await contents(second)));
  });
});
