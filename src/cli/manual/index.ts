import { nbdCompletion, nbdkitCompletion } from "./completion.ts";
import { nbdPage } from "./nbd-page.ts";
import { nbdkitPage } from "./nbdkit-page.ts";

/** The generated manual pages and completions of the package: path below `dist/` -> text. */
export function manuals(): Readonly<Record<string, string>> {
  return {
    "man/man1/nbdkit.1": nbdkitPage(),
    "man/man1/nbd.1": nbdPage(),
    "completions/nbdkit": nbdkitCompletion(),
    "completions/nbd": nbdCompletion(),
  };
}
