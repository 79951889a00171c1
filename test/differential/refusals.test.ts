import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { gptDisk } from "../helpers/partitioned.ts";
import { nbdkit, type Outcome, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle, skipForOther } from "./oracle.ts";
import { refusals } from "./refusals.ts";

async function outcomeWith(program: string, args: readonly string[]): Promise<Outcome> {
  await using sandbox = new Sandbox();
  sandbox.file("disk", "x".repeat(512));
  sandbox.file("one", "first file\n");
  writeFileSync(sandbox.folder.join("gpt"), gptDisk(512, [{ first: 64, last: 127 }]));
  const command = ["-U", "socket", ...args, "--run", 'nbdinfo --size "$uri"'];
  return await outcomeOf(sandbox.start(program, command, { timeout: 60_000 }));
}

function firstLine({ stderr }: Outcome): string {
  return stderr.split("\n", 1)[0]!;
}

describeWithOracle(["nbdinfo"], "nbdkit-node refuses the same parameters as nbdkit:", () => {
  it.for(refusals.map((one) => [one.args.join(" ").slice(0, 200), one] as const))(
    "%s",
    async ([_title, { args, words = [], ...versions }], context) => {
      skipForOther(versions, context);
      const [theirs, ours] = [await outcomeWith(oracle, args), await outcomeWith(nbdkit, args)];
      expect([theirs.status, ours.status], theirs.stderr + ours.stderr).toEqual([1, 1]);
      for (const word of words) {
        expect(firstLine(theirs)).toContain(word);
        expect(firstLine(ours)).toContain(word);
      }
      const lines = ours.stderr.split("\n").filter((line) => line.startsWith("nbdkit: "));
      expect(lines, ours.stderr).toHaveLength(1);
    },
  );
});
