import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Another version would change the bytes. The PyPI package of this name contains the C libraries of all
 * systems.
 */
const version = "0.17.1";

/**
 * The command that runs zig: the value of the variable ZIG, or else the program in a folder below `root`. The
 * program is installed if it is missing.
 */
export function zigCommand(root) {
  const command = process.env.ZIG?.split(" ") ?? installed(join(root, "node_modules/.cache/zig", version));
  const found = output([...command, "version"]).trim();
  if (found === version) return command;
  throw new Error(`ZIG: "${command.join(" ")}" is zig ${found}, and the files are made with ${version}`);
}

/** The program itself and not the Python wrapper, because it is started some hundred times. */
function installed(folder) {
  if (!existsSync(join(folder, "complete"))) {
    rmSync(folder, { recursive: true, force: true });
    const options = ["--quiet", "--no-compile", "--root-user-action=ignore", `--target=${folder}`];
    output(["python3", "-m", "pip", "install", ...options, `ziglang==${version}`]);
    writeFileSync(join(folder, "complete"), "");
  }
  return [join(folder, "ziglang/zig")];
}

function output([program, ...args]) {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
