import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * Returns the relative links of a Markdown page that lead nowhere.
 *
 * @param root a folder that contains all that the page may link to
 * @param from the path of the page in the folder
 */
export function brokenLinks(root: string, from: string): readonly string[] {
  const targets = [...read(root, from).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const own = targets.filter((target) => !/^https?:/.test(target));
  return own.filter((target) => !leads(root, from, target));
}

function leads(root: string, from: string, target: string): boolean {
  const [file, anchor] = target.split("#");
  const path = file === "" ? from : normalize(join(dirname(from), file!));
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsOf(read(root, path)).includes(anchor);
}

/** Returns the anchors that GitHub makes of headings. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

function read(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}
