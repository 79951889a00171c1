import { describe, expect, it } from "vitest";
import { codeBlocks, program, project } from "../helpers/examples.ts";
import { run } from "../helpers/run.ts";

const examples = codeBlocks("docs/api.md", "ts");

describe("docs/api.md", () => {
  it("has examples", () => expect(examples.length).toBeGreaterThan(4));

  it.each(examples.map((code, index) => [index + 1, code] as const))(
    "example %i prints what its comments say",
    async (_index, code) => {
      const promised = [...code.matchAll(/^\/\/ prints (.*)$/gm)].map(([, line]) => line!);
      expect(promised.length).toBeGreaterThan(0);
      using folder = project();
      const outcome = await run(process.execPath, [await program(folder, "example", code)], {
        env: { TMPDIR: folder.path },
      });
      const said = outcome.stdout.trimEnd().split("\n");
      expect({ ...outcome, stdout: said }).toEqual({ status: 0, stdout: promised, stderr: "" });
    },
  );
});
