import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Folder } from "../helpers/folder.ts";
import { launch, outcomeOf } from "../helpers/run.ts";
import { printed } from "../helpers/sandbox.ts";
import { ServerProcess } from "../helpers/server-process.ts";

const dyingClient = fileURLToPath(new URL("dying-client.mjs", import.meta.url));

describe("a client that is killed between a write and its flush", () => {
  const folder = new Folder();
  afterAll(() => folder[Symbol.dispose]());

  it.each([
    ["--filter=cache", "written"],
    ["--filter=cache cache-max-size=1M", "written"],
    ["--filter=cow", "\0\0\0\0\0\0\0"],
    ["--filter=fua fuamode=discard", "written"],
    ["--filter=fua fuamode=force", "written"],
    ["--filter=blocksize --filter=cache minblock=4k", "written"],
  ])("the server loses no data with %s", async (args, onDisk) => {
    const disk = folder.join("disk");
    writeFileSync(disk, Buffer.alloc(1 << 20));
    {
      await using server = await ServerProcess.start(["file", disk, ...args.split(" ")]);
      await writeAndDie(server);
      await using client = await connect(server.uri());
      expect((await client.read(1000n, 7)).toString()).toBe("written");
    }
    expect(readFileSync(disk).subarray(1000, 1007).toString()).toBe(onDisk);
  });

  it("the server loses no data when the client and the server are killed before the disk answers", async () => {
    const disk = folder.join("disk");
    writeFileSync(disk, Buffer.alloc(1 << 20));
    {
      await using server = await ServerProcess.start(
        "--filter=cache --filter=delay file".split(" ").concat(disk, "wdelay=1000"),
      );
      await writeAndDie(server);
    }
    expect(readFileSync(disk).subarray(1000, 1007).toString()).toBe("written");
  });
});

async function writeAndDie(server: ServerProcess): Promise<void> {
  const dying = launch(process.execPath, [dyingClient, server.uri()]);
  await printed(dying, "written");
  dying.kill("SIGKILL");
  expect((await outcomeOf(dying)).status).toBe(137);
}
