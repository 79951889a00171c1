import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "./folder.ts";

/**
 * Copies the package without compiled files. The copy has no links, because Node.js would follow them to the
 * original.
 */
export class BarePackage extends Folder {
  constructor() {
    super();
    for (const name of ["bin", "dist", "package.json"]) this.copy(name);
    symlinkSync(join(packageRoot(), "node_modules"), this.join("node_modules"));
  }

  copy(name: string): void {
    cpSync(join(packageRoot(), name), this.join(name), { recursive: true });
  }
}
