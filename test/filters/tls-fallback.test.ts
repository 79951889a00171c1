import { describe, expect, it } from "vitest";
import noparallel from "../../src/filters/noparallel.ts";
import tlsFallback from "../../src/filters/tls-fallback.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { someClient } from "../helpers/hosts.ts";
import { captive } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("the message of tls-fallback", { ...overMemory(tlsFallback), runs: 5 });

describe("tls-fallback", () => {
  it.each([
    [{}, "This NBD server requires TLS authentication before it will serve useful data.\n"],
    [{ tlsreadme: "Go away" }, "Go away"],
    [{ tlsreadme: "x".repeat(600) }, "x".repeat(512)],
  ])("tls-fallback with %j serves a message to plaintext clients", async (parameters, message) => {
    await using session = await TestedChain.start(overMemory(tlsFallback, parameters));
    const exported = await session.open({ exportName: "whatever" });
    const flags = { canWrite: false, canFlush: false, canMultiConn: false, canCache: false };
    expect(exported).toMatchObject({ ...flags, size: 512n, blockSize: undefined, description: undefined });
    expect((await contents(exported)).toString().replace(/\0*$/, "")).toBe(message);
  });

  it("tls-fallback does not open the plugin for plaintext clients", async () => {
    const asked = (): never => {
      throw new Error("asked");
    };
    const plugin = { name: "asked", open: asked, listExports: asked, defaultExport: asked };
    await using session = await TestedChain.start({ plugin, filters: [tlsFallback], parameters: {} });
    expect(await session.chain.listExports(someClient)).toEqual([{ name: "" }]);
    expect(await session.chain.defaultExport(someClient)).toBe("");
    await session.open();
    await expect(session.open({ tls: true })).rejects.toThrow("asked");
    await expect(session.chain.listExports({ ...someClient, tls: true })).rejects.toThrow("asked");
  });

  it("tls-fallback refuses a plugin that serves one connection at a time", async () => {
    const starting = TestedChain.start({
      plugin: new RecordingDisk().plugin,
      filters: [tlsFallback, noparallel],
      parameters: { serialize: "connections" },
    });
    await expect(starting).rejects.toThrow("tls-fallback filter requires");
  });
});

describeWith(["nbdinfo", ...certificateTools], "tls-fallback and real clients", () => {
  it("tls-fallback serves the disk to TLS clients", async () => {
    using keys = await Certificates.make();
    const args = ["--tls=on", "--tls-certificates", keys.pki, "--filter=tls-fallback", "null", "1M"];
    const script = `nbdinfo --size "nbd+unix:///?socket=$unixsocket"
      nbdinfo --size "nbds+unix:///?socket=$unixsocket&tls-certificates=${keys.pki}"`;
    expect(await captive(args, script)).toBe("512\n1048576\n");
  });
});
