import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { codeBlocks, runShellExample } from "../helpers/examples.ts";
import { describeWith } from "../helpers/tools.ts";
import { Scene } from "../server/scene.ts";

const recipes = codeBlocks("docs/how-to/captive-cookbook.md", "sh");

it("the cookbook has the twenty recipes that its title promises", () => expect(recipes).toHaveLength(20));

describeWith(
  ["nbdinfo", "nbdcopy", "nbdsh", "qemu-img", "qemu-io", "qemu-nbd", "tar"],
  "the cookbook",
  () => {
    it.concurrent.each(recipes.map((recipe, index) => [index + 1, recipe] as const))(
      "recipe %i prints what the page says and leaves nothing behind",
      async (_number, recipe) => {
        await using scene = new Scene();
        const disk = Buffer.alloc(1024 * 1024);
        disk.write("hello");
        writeFileSync(scene.folder.join("disk.img"), disk);
        await runShellExample(scene, recipe);
      },
    );
  },
);
