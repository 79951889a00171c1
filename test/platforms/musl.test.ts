import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { readElf } from "./elf.ts";

const addon = join(packageRoot(), "prebuilds/linux-x64/nbdkit-node.musl.node");

/**
 * A program that defines functions with the names of Node's functions and loads the addon. Calling one of
 * them aborts.
 */
function loaderSource(nodeFunctions: readonly string[]): string {
  return `#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
${nodeFunctions.map((name) => `void ${name}(void) { abort(); }`).join("\n")}
int main(int count, char **arguments) {
  void *addon = dlopen(arguments[1], RTLD_NOW);
  if (!addon) { puts(dlerror()); return 1; }
  int (*version)(void) = (int (*)(void)) dlsym(addon, "node_api_module_get_api_version_v1");
  printf("Node-API %d, %s\\n", version(), dlsym(addon, "napi_register_module_v1") ? "registers" : "does not");
}
`;
}

describeWith(process.arch === "x64" ? ["musl-gcc"] : ["musl-gcc on x64"], "the addon for musl", () => {
  it("loads in a musl process and finds all its imports there", async () => {
    using folder = new Folder();
    const { imports } = readElf(readFileSync(addon));
    const source = folder.file(
      "loader.c",
      loaderSource(imports.filter((name) => /^(napi|node_api|uv)_/.test(name))),
    );
    await succeed("musl-gcc", ["-rdynamic", "-o", folder.join("loader"), source]);
    expect(await succeed(folder.join("loader"), [addon])).toBe("Node-API 9, registers\n");
  });
});
