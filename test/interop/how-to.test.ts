import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { codeBlocks, program, project, runShellExample } from "../helpers/examples.ts";
import { run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const tools = [
  "nbdinfo",
  "nbdcopy",
  "nbdsh",
  "qemu-img",
  "qemu-io",
  "qemu-nbd",
  "tar",
  "nbdkit",
  "cryptsetup",
];

it("the cookbook has twenty recipes, as its title says", () =>
  expect(codeBlocks("docs/how-to/captive-cookbook.md", "sh")).toHaveLength(20));

describeWith(tools, "the examples of", () => {
  it.concurrent.each(
    ["captive-cookbook", "coming-from-nbdkit", "continuous-integration", "disk-formats"].flatMap((page) =>
      codeBlocks(`docs/how-to/${page}.md`, "sh").map((example, index) => [page, index + 1, example] as const),
    ),
  )(
    "%s.md: example %i prints the output on the page and leaves no files behind",
    async (_page, _number, example) => {
      await using sandbox = new Sandbox();
      const disk = Buffer.alloc(1024 * 1024);
      disk.write("hello");
      writeFileSync(sandbox.folder.join("disk.img"), disk);
      await runShellExample(sandbox, example);
    },
  );
});

it.concurrent.each(codeBlocks("docs/how-to/tests.md", "js").filter((code) => code.includes("node:test")))(
  "example %# of tests.md passes in node:test",
  async (code) => {
    using folder = project();
    const path = await program(folder, "example.test", code);
    const { status, stdout } = await run(process.execPath, ["--test", path]);
    expect(status, stdout).toBe(0);
  },
);
