import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { BarePackage } from "../helpers/bare-package.ts";
import { succeed } from "../helpers/run.ts";

const root = packageRoot();

/** The folder of Node's headers, found as in `scripts/prebuild`. */
export const headers: string = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
export const hasHeaders: boolean = existsSync(join(headers, "include/node/node_api.h"));

/**
 * A copy of the package whose addon and launcher are built from the sources of another system and run here.
 * The headers in `shims/` implement that system's calls with Linux's.
 */
export async function buildShimmed(system: "mac" | "freebsd"): Promise<BarePackage> {
  const copy = new BarePackage();
  for (const name of ["binding.gyp", "native"]) copy.copy(name);
  await succeed(join(root, "node_modules/.bin/node-gyp"), ["rebuild"], {
    cwd: copy.path,
    env: {
      GYP_DEFINES: `OS=${system}`,
      CXXFLAGS: `-O0 -fPIC -I${join(root, "test/platforms/shims")}`,
      npm_config_jobs: "max",
      npm_config_nodedir: headers,
    },
  });
  return copy;
}
