import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { connect, listExports } from "../../src/client/index.ts";
import { Folder } from "../helpers/folder.ts";
import { startNbdServer } from "../helpers/reference-servers.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["nbd-server"], "our client and nbd-server", () => {
  it("write, read back, list exports, and fail to open a missing export", async () => {
    using folder = new Folder();
    for (const name of ["one", "two"]) writeFileSync(folder.join(name), Buffer.alloc(1024 * 1024));
    await using server = await startNbdServer(folder, { one: folder.join("one"), two: folder.join("two") });
    const bytes = randomBytes(100_000);
    {
      await using client = await connect(`${server.uri}one`);
      await client.write(5000, bytes);
      expect((await client.read(5000, bytes.length)).equals(bytes)).toBe(true);
      await client.flush();
    }
    expect(readFileSync(folder.join("one")).subarray(5000, 105_000).equals(bytes)).toBe(true);
    const { exports } = await listExports(server.uri);
    expect(exports.map(({ name }) => name)).toEqual(["one", "two"]);
    await expect(connect(`${server.uri}three`)).rejects.toMatchObject({
      message: expect.stringContaining('export "three"'),
    });
  });
});
