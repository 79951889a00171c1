import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { brokenLinks } from "./helpers/links.ts";

const documents = readdirSync(join(packageRoot(), "docs"), { recursive: true, encoding: "utf8" });
const pages = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md"],
  ...documents.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

it.each(pages)("every link of %s has an existing target", (from) => {
  expect(brokenLinks(packageRoot(), from)).toEqual([]);
});
