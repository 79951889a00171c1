import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Another version makes other bytes. The package of this name on PyPI brings the libraries of all systems. */
const version = "0.17.1";

/**
 * The words of the command that runs zig: what the variable ZIG says, or what a folder below `root` has, which is filled
 * when it is not there.
 */
export function zigCommand(root) {
  const command = process.env.ZIG?.split(" ") ?? installed(join(root, "node_modules/.cache/zig", version));
  const found = output([...command, "version"]).trim();
  if (found === version) return command;
  throw new Error(`ZIG: "${command.join(" ")}" is zig ${found}, and the files are made with ${version}`);
}

/** The program itself, not through Python, because it is started some hundred times. */
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
