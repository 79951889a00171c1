// Checks that native/ is formatted according to .clang-format. With --write it formats the files.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { getNativeBinary } from "clang-format";

const folder = fileURLToPath(new URL("../native", import.meta.url));
const files = readdirSync(folder, { recursive: true }).filter((name) => /\.(cc|h)$/.test(name));
const mode = process.argv.includes("--write") ? ["-i"] : ["--dry-run", "--Werror"];
const { status } = spawnSync(getNativeBinary(), [...mode, ...files], { cwd: folder, stdio: "inherit" });
process.exitCode = status ?? 1;
