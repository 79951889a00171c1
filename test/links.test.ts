import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { page } from "./helpers/documentation.ts";

const documents = readdirSync(join(packageRoot(), "docs"), { recursive: true, encoding: "utf8" });
const pages = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md"],
  ...documents.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

it.each(pages)("every link of %s has an existing target", (from) => {
  const targets = [...page(from).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const own = targets.filter((target) => !/^https?:/.test(target));
  expect(own.filter((target) => !leads(from, target))).toEqual([]);
});

function leads(from: string, target: string): boolean {
  const [file, anchor] = target.split("#");
  const path = file === "" ? from : normalize(join(dirname(from), file!));
  if (!existsSync(join(packageRoot(), path))) return false;
  return anchor === undefined || anchorsOf(path).includes(anchor);
}

/** Returns the anchors that GitHub makes of headings. */
function anchorsOf(path: string): readonly string[] {
  return [...page(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
