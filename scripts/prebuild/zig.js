import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Another version makes other bytes. The package of this name on PyPI brings the libraries of all systems. */
const version = "0.17.1";

/**
 * The words of the command that runs zig: what the variable ZIG says, or a virtual environment below `root` that is made
 * when it is missing.
 */
export function zigCommand(root) {
  const command = process.env.ZIG?.split(" ") ?? installed(join(root, "node_modules/.cache/zig", version));
  const found = output([...command, "version"]).trim();
  if (found === version) return command;
  throw new Error(`ZIG: "${command.join(" ")}" is zig ${found}, and the files are made with ${version}`);
}

function installed(folder) {
  const python = join(folder, "bin/python3");
  if (!existsSync(join(folder, "complete"))) {
    output(["python3", "-m", "venv", "--clear", folder]);
    output([python, "-m", "pip", "install", "--quiet", `ziglang==${version}`]);
    output(["touch", join(folder, "complete")]);
  }
  return [python, "-m", "ziglang"];
}

function output([program, ...args]) {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
