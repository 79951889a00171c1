import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

const partBytes = 100_000;

describe.skipIf(process.platform !== "linux")(
  "connection migration: several connections are distributed over worker threads",
  () => {
    it.each([
      [],
      ["--filter=nofilter", "--filter=offset", "--filter=noextents", "offset=1000"],
      ["--filter=fua", "--filter=truncate", "truncate=600000", "fuamode=emulate"],
    ])("and read what they have written: %s %s %s", async (...args) => {
      const filters = args.filter((word) => word.startsWith("--"));
      const parameters = args.filter((word) => !word.startsWith("--"));
      await using server = await ServerProcess.start([...filters, "memory", "1M", ...parameters]);
      const threads = (): number => readdirSync(`/proc/${server.pid}/task`).length;
      await using first = await connect(server.uri());
      await first.read(0n, 1);
      const alone = threads();
      await using second = await connect(server.uri());
      await using third = await connect(server.uri());
      await until("a worker thread", () => threads() > alone);
      for (let round = 0; round < 20; round++) {
        await Promise.all(
          [first, second, third].map(async (client, part) => {
            const data = Buffer.alloc(partBytes, 1 + round * 3 + part);
            await client.write(BigInt(part * partBytes), data, { fua: round % 2 === 0 });
            expect((await client.read(BigInt(part * partBytes), partBytes)).equals(data)).toBe(true);
          }),
        );
      }
      expect((await first.read(BigInt(2 * partBytes), 1))[0]).toBe(1 + 19 * 3 + 2);
    });
  },
);
