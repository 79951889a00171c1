import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import { once, size, text } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { windowOn } from "../kit/window.ts";
import { requireBlockStart } from "../served/block-size.ts";
import { type Content, findEntry } from "./tar/find.ts";
import { TarReader } from "./tar/reader.ts";
import { sparseDisk } from "./tar/sparse-disk.ts";

interface State {
  readonly entry: string;
  /** In bytes. */
  readonly limit: bigint | undefined;
  readonly host: Host;
}

/** Serves one file inside a tar file as a disk, without extracting it (nbdkit-tar-filter(1)). */
const tar: Filter = defineFilter({
  name: "tar",
  longname: "nbdkit tar filter",
  description: "Serves a file inside an uncompressed tar file",
  parameters: {
    "tar-entry": once(
      text({
        placeholder: "FILENAME",
        required: true,
        help: "The path inside the tar file to serve, as `tar t` lists it",
      }),
      (key) => `only one ${key} parameter can be given`,
    ),
    "tar-limit": size({
      defaultText: "no limit",
      help: "Search only this much of the tar file, from the start",
    }),
    tar: text({
      placeholder: "PROGRAM",
      defaultText: "none",
      help: "Accepted for compatibility; no program is needed to read tar files",
    }),
  },
  configComplete: ({ "tar-entry": entry, "tar-limit": limit }, host): State => ({ entry, limit, host }),
  async open(next, { entry, limit, host }, { signal }) {
    const content = await findEntry(new TarReader(next, signal), entry, limit);
    const pieces = content.pieces ?? [];
    requireBlockStart("tar", entry, next, [content.start, ...pieces.map(({ at }) => at)]);
    if (host.verbose) host.debug(`${entry} found at offset ${content.start}, size ${content.size}`);
    return { ...diskOf(content, next), ...describe(entry, next) };
  },
});

export default tar;

function diskOf({ start, size, pieces }: Content, next: Handle): HandleChanges {
  return pieces === undefined ? windowOn(next, start, size) : sparseDisk(next, size, pieces);
}

function describe(entry: string, { description }: Handle): HandleChanges {
  if (description === undefined) return {};
  return { description: `embedded ${entry} from within tar file: ${description}` };
}
