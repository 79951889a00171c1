import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What the release is made of, as CycloneDX: the packages that are installed with it, the one whose code is in the
 * bundles among them, and Node.js, which the single executable carries.
 * @param seconds the time of the release, so that the same sources give the same list
 */
export function softwareBillOfMaterials(seconds) {
  const text = execFileSync("npm", ["sbom", "--sbom-format=cyclonedx", "--omit=dev"], { encoding: "utf8" });
  const list = JSON.parse(text);
  // npm gives it the name of the folder.
  list.metadata.component.name = JSON.parse(readFileSync("package.json", "utf8")).name;
  // A number drawn by lot; the specification does without.
  delete list.serialNumber;
  list.metadata.timestamp = new Date(seconds * 1000).toISOString();
  const node = `pkg:generic/nodejs@${process.versions.node}`;
  list.components.push({
    type: "platform",
    "bom-ref": node,
    name: "nodejs",
    version: process.versions.node,
    purl: node,
    description: "in the single executable",
  });
  list.dependencies.push({ ref: node, dependsOn: [] });
  return `${JSON.stringify(list, null, 2)}\n`;
}
