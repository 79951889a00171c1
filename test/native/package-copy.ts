import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { temporaryFolder } from "./temporary.ts";

/** Replaces the server: prints its arguments and environment as one line of JSON. */
const reportScript = `
const { NBDKIT_LAUNCHED: launched, NBDKIT_NODE_EXTRA_CA_CERTS: setAside, NODE_EXTRA_CA_CERTS: kept } = process.env;
console.log(JSON.stringify({ pid: process.pid, launched, setAside, kept, argv: process.argv.slice(2) }));
`;

export interface Report {
  readonly pid: number;
  readonly launched?: string;
  readonly setAside?: string;
  readonly kept?: string;
  readonly argv: readonly string[];
}

/**
 * A copy of the package whose server and client are `script`. It contains this package's own `bin/nbdkit`
 * and, unless `launcher` is false, its launcher.
 */
export function packageCopy({
  script = reportScript,
  launcher = true,
} = {}): { readonly path: string } & Disposable {
  const folder = temporaryFolder();
  const path = join(folder.path, "nbdkit-node");
  mkdirSync(join(path, "dist/bundle"), { recursive: true });
  for (const name of ["nbdkit", "nbd"]) writeFileSync(join(path, `dist/bundle/${name}.cjs`), script);
  cpSync(join(packageRoot(), "bin"), join(path, "bin"), { recursive: true });
  if (launcher) {
    for (const name of ["build", "prebuilds"]) linkIfThere(join(packageRoot(), name), join(path, name));
  }
  return { path, [Symbol.dispose]: folder[Symbol.dispose] };
}

/** The path of the launcher that `bin/nbdkit` chooses. */
export function launcherPath(): string {
  const built = join(packageRoot(), "build/Release/nbdkit-launcher");
  const shipped = join(packageRoot(), `prebuilds/${process.platform}-${process.arch}/nbdkit-launcher`);
  return existsSync(built) ? built : shipped;
}

/** macOS has no launcher. */
export const hasLauncher: boolean = process.platform === "linux" || process.platform === "freebsd";

function linkIfThere(target: string, path: string): void {
  if (existsSync(target)) symlinkSync(target, path);
}
