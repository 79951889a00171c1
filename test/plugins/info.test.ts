import { describe, expect, it } from "vitest";
import type { OpenRequest } from "../../src/contract/plugin.ts";
import { compatibleVersion } from "../../src/core/version.ts";
import info from "../../src/plugins/info.ts";
import { Session } from "../../src/testing/session.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "./contents.ts";

testPlugin("info", { plugin: info, exportName: "x".repeat(4096) });
testPlugin("info about nothing", { plugin: info, runs: 2 });
testPlugin("info in base64", { plugin: info, parameters: { mode: "base64exportname" }, exportName: "AAEC" });

/** What it tells one client. */
async function told(mode: string, request: Partial<OpenRequest> = {}): Promise<string> {
  await using session = await Session.start({ plugin: info, parameters: { mode } });
  return (await contents(await session.open(request))).toString("latin1");
}

describe("info", () => {
  it.each(["exportname", "export-name", "EXPORTNAME"])("with mode=%s is the export's name", async (mode) => {
    expect(await told(mode, { exportName: "a name/é" })).toBe(Buffer.from("a name/é").toString("latin1"));
    expect(await told(mode, { exportName: "" })).toBe("");
  });

  it.each(["base64exportname", "base64-export-name"])("with mode=%s decodes it", async (mode) => {
    expect(await told(mode, { exportName: "/wAB" })).toBe("\xff\0\x01");
    expect(await told(mode, { exportName: "aG Vs\nbG8=" })).toBe("hello");
    expect(await told(mode, { exportName: "" })).toBe("");
    await expect(told(mode, { exportName: "aGV" })).rejects.toThrow("base64: Base64 decoding error");
    await expect(told(mode, { exportName: "a-_=" })).rejects.toThrow("base64: Base64 decoding error");
  });

  it("with mode=address is where the client is", async () => {
    const at = (address: string) => ({ family: "tcp", address, port: 1234 }) as const;
    expect(await told("address", { peer: at("127.0.0.1") })).toBe("127.0.0.1:1234");
    expect(await told("address", { peer: at("::1") })).toBe("[::1]:1234");
    expect(await told("address", { peer: { family: "unix" } })).toBe("unix");
    expect(await told("address", { peer: { family: "stdio" } })).toBe("");
  });

  it("with mode=version is the level of nbdkit", async () => {
    expect(await told("version")).toBe(compatibleVersion);
  });

  it("may be read over several connections where all read the same", async () => {
    const shared = async (mode: string): Promise<boolean> => {
      await using session = await Session.start({ plugin: info, parameters: { mode } });
      return (await session.open()).canMultiConn;
    };
    expect([await shared("exportname"), await shared("version")]).toEqual([true, true]);
    expect([await shared("address"), await shared("time"), await shared("conntime")]).not.toContain(true);
  });

  it("refuses other modes", async () => {
    await expect(told("foo")).rejects.toThrow("unknown mode: 'foo': use exportname, base64exportname");
  });
});

describe("info about time", () => {
  /** µs */
  const time = (bytes: Buffer): number => Number(bytes.readBigInt64BE(0)) * 1e6 + bytes.readInt32BE(8);
  const read = async (session: Session): Promise<number> => time(await contents(await session.open()));

  it("is the time of day with mode=time", async () => {
    await using session = await Session.start({ plugin: info, parameters: { mode: "time" } });
    const before = Date.now() * 1000;
    const told = await read(session);
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now() * 1000);
  });

  it.each([
    ["uptime", (session: Session) => read(session)],
    ["conntime", async (session: Session) => time(await contents(await session.open()))],
  ])("only grows with mode=%s, from 0", async (mode, look) => {
    const before = process.hrtime.bigint();
    await using session = await Session.start({ plugin: info, parameters: { mode } });
    const first = await look(session);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThanOrEqual(Number(process.hrtime.bigint() - before) / 1000 + 1);
    if (mode === "uptime") expect(await look(session)).toBeGreaterThanOrEqual(first);
  });

  it("counts a connection's time from its beginning", async () => {
    await using session = await Session.start({ plugin: info, parameters: { mode: "conntime" } });
    const first = await session.open();
    const passed = process.hrtime.bigint() + 2_000_000n;
    while (process.hrtime.bigint() < passed);
    const second = await session.open();
    expect(time(await contents(first))).toBeGreaterThanOrEqual(2000);
    expect(time(await contents(first))).toBeGreaterThan(time(await contents(second)));
  });
});
