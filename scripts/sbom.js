import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * The components of the release in CycloneDX format: the npm packages that are installed with it, the package
 * whose code is bundled, and Node.js, which the single executable contains.
 * @param seconds the time of the release, so that the same sources give the same list
 */
export function softwareBillOfMaterials(seconds) {
  const text = execFileSync("npm", ["sbom", "--sbom-format=cyclonedx", "--omit=dev"], { encoding: "utf8" });
  const list = JSON.parse(text);
  // npm uses the name of the folder here.
  list.metadata.component.name = JSON.parse(readFileSync("package.json", "utf8")).name;
  // A random number. The specification does not require it.
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
