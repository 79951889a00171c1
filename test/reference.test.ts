import { describe, expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { run } from "./helpers/run.ts";

it("the reference in docs/ is complete and up to date", async () => {
  const { status, stderr } = await run(process.execPath, ["scripts/reference/main.js", "--check"], {
    cwd: packageRoot(),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

describe("the check of the reference", () => {
  it.each([
    ['text({ help: "", defaultText: "none" })', "name: key= has no description"],
    [
      'text({ help: "Some text" })',
      "name: key= is not required and has no default: declare default or defaultText",
    ],
    ['text({ help: "Some text", required: true })', ""],
    ['text({ help: "Some text", default: "" })', ""],
    ['text({ help: "Some text", defaultText: "none" })', ""],
    ["list((word) => word, { help: 'Some text', default: [] })", ""],
  ])("finds what is missing in %s", async (declaration, gap) => {
    const program = `
      import { list, text } from "./dist/plugin.js";
      import { gapsOf, parameterRows } from "./scripts/reference/tables.js";
      console.log(gapsOf("name", parameterRows({ parameters: { key: ${declaration} } })).join("\\n"));
    `;
    const args = ["--input-type=module", "--eval", program];
    const { status, stdout, stderr } = await run(process.execPath, args, { cwd: packageRoot() });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${gap}\n`, stderr: "" });
  });
});
