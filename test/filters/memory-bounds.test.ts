import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { ServerProcess } from "../helpers/server-process.ts";

const MiB = 1024 * 1024;
const diskBytes = 2n ** 40n;
/** Number of places on the disk that are written and read. */
const places = 2000;
const step = diskBytes / BigInt(places);

/** Memory that a Node process needs itself. */
const boundMiB = 100;

describe.skipIf(process.platform !== "linux")("a sparse disk of 1 TiB takes little memory", () => {
  it.each([
    "--filter=cow memory 1T",
    "--filter=cow memory 1T cow-block-size=4k cow-on-read=yes",
    "--filter=cache memory 1T",
    "--filter=cache memory 1T cache-max-size=16M cache-on-read=yes",
    "--filter=cache memory 1T cache=unsafe cache-max-size=16M cache-min-block-size=4k",
    "--filter=retry memory 1T",
    "--filter=blocksize --filter=cache --filter=cow memory 1T minblock=4k cache-max-size=16M",
  ])("with %s", async (args) => {
    await using server = await ServerProcess.start(args.split(" "));
    await using client = await connect(server.uri());
    const before = server.peakBytes;
    const work: Promise<unknown>[] = [];
    for (let index = 0; index < places; index++) {
      const offset = BigInt(index) * step;
      work.push(client.write(offset + 100n, Buffer.from("written")).then(() => client.read(offset, 4096)));
      if (work.length === 64) await Promise.all(work.splice(0));
    }
    await Promise.all(work);
    await client.flush();
    expect((await client.read(step * 7n + 100n, 7)).toString()).toBe("written");
    await client.trim(0n, 2 ** 31);
    expect((await client.extents(0n, step * 10n)).length).toBeGreaterThan(1);
    expect((server.peakBytes - before) / MiB).toBeLessThan(boundMiB);
  });
});
