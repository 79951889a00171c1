import { fileURLToPath } from "node:url";

let root: string | undefined;

/**
 * The folder that holds `package.json`, `bin/` and `prebuilds/`. Modules run from `dist/FOLDER/`,
 * from `src/FOLDER/` in tests, or bundled from `dist/`, so the depth is looked at, not assumed.
 */
export function packageRoot(): string {
  root ??= fileURLToPath(new URL(import.meta.url)).replace(
    /[/\\](dist|src)[/\\](?!.*[/\\](dist|src)[/\\]).*$/,
    "",
  );
  return root;
}
