import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "nbdkit-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeUnless, hasTool } from "../helpers/tools.ts";

const name = "github.com/pojntfx/go-nbd";
/** Go uses only the modules that it has downloaded already. */
const offline = { GOPROXY: "off" };

/**
 * Connect of go-nbd v0.3.2 is not tested: it needs /dev/nbd0, and its NBD_OPT_GO announces no data before its
 * name, which nbdkit and qemu-nbd refuse too.
 */
describeUnless(await missing(), "go-nbd", () => {
  let folder: string;
  let client: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "nbdkit-node-go-"));
    client = join(folder, "client");
    cpSync(fileURLToPath(new URL("../helpers/go-nbd", import.meta.url)), folder, { recursive: true });
    await succeed("go", ["build", "-o", client, "."], { cwd: folder, env: offline });
    // Compiling Go's own packages for the first time takes a minute.
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("lists the first export over a Unix socket (it reads one reply)", async () => {
    using disks = new Folder();
    for (const disk of ["alpha", "beta"]) writeFileSync(disks.join(disk), "x".repeat(512));
    await using server = await ServerProcess.start(["file", `dir=${disks.path}`]);
    expect(await succeed(client, ["unix", server.socket])).toBe("alpha\n");
  });

  it("lists the default export over TCP", async () => {
    const listen = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
    await using server = await serve({ plugin: "memory", parameters: { size: 512 }, listen });
    expect(await succeed(client, ["tcp", new URL(server.uri).host])).toBe("\n");
  });
});

async function missing(): Promise<string[]> {
  if (!hasTool("go")) return ["go"];
  const { stdout } = await run("go", ["env", "GOMODCACHE"]);
  return existsSync(join(stdout.trim(), `${name}@v0.3.2`)) ? [] : [name];
}
