import { fileURLToPath } from "node:url";

let root: string | undefined;

/**
 * The folder that holds `package.json`, `bin/` and `prebuilds/`. The depth of this module below that folder
 * varies: `dist/FOLDER/`, `src/FOLDER/` in tests, or `dist/` as a bundle.
 */
export function packageRoot(): string {
  root ??= fileURLToPath(new URL(import.meta.url)).replace(
    /[/\\](dist|src)[/\\](?!.*[/\\](dist|src)[/\\]).*$/,
    "",
  );
  return root;
}
