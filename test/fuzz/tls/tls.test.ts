import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { certificateTools } from "../../helpers/certificates.ts";
import { describeWith } from "../../helpers/tools.ts";
import { readCase, runCase, tlsCaseOf, writeCase } from "../cases.ts";
import { turn } from "../finding.ts";
import { FuzzKeys } from "./keys.ts";

const seeds = new URL("seeds/", import.meta.url);

describeWith(certificateTools, "the fuzzer inside of TLS", () => {
  let keys: FuzzKeys;
  /** Errors that no stream or promise was asked about: each would end the process. */
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
    await turn();
    expect(escaped.splice(0)).toEqual([]);
  };

  it.each(readdirSync(seeds))("finds nothing any more in %s", async (name) => {
    await runAll(readFileSync(new URL(name, seeds), "utf8"));
  });

  it("finds nothing in two hundred broken conversations", async () => {
    for (let seed = 1; seed <= 200; seed++) {
      try {
        await runAll(writeCase(tlsCaseOf(seed)));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  it("keeps a case in a file as it is", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const text = writeCase(tlsCaseOf(seed));
      expect(writeCase(readCase(text))).toBe(text);
    }
  });
});
