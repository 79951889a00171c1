import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { certificateTools } from "../../helpers/certificates.ts";
import { describeWith } from "../../helpers/tools.ts";
import { readCase, runCase, tlsCaseOf, writeCase } from "../cases.ts";
import { nextIteration } from "../finding.ts";
import { FuzzKeys } from "./keys.ts";

const seeds = new URL("seeds/", import.meta.url);

describeWith(certificateTools, "the fuzzer inside of TLS", () => {
  let keys: FuzzKeys;
  /** Unhandled errors. In a server, each of them would end the process. */
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  beforeAll(async () => {
    keys = await FuzzKeys.make();
    process.on("uncaughtException", note);
    process.on("unhandledRejection", note);
  });
  afterAll(() => {
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    keys[Symbol.dispose]();
  });

  const runAll = async (text: string): Promise<void> => {
    await runCase(readCase(text), keys);
    await nextIteration();
    expect(escaped.splice(0)).toEqual([]);
  };

  it.each(readdirSync(seeds))("no longer finds a failure in %s", async (name) => {
    await runAll(readFileSync(new URL(name, seeds), "utf8"));
  });

  it("finds no failure in two hundred broken connections with TLS", async () => {
    for (let seed = 1; seed <= 200; seed++) {
      try {
        await runAll(writeCase(tlsCaseOf(seed)));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  it("writes and reads a case without a change", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const text = writeCase(tlsCaseOf(seed));
      expect(writeCase(readCase(text))).toBe(text);
    }
  });
});
