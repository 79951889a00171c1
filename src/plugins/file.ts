import { close } from "node:fs";
import { promisify } from "node:util";
import { everyRequest, type Handle } from "../contract/handle.ts";
import { boolean, choice, descriptor, once, text } from "../contract/parameter.ts";
import { definePlugin, type Host, type OpenRequest, type Plugin } from "../contract/plugin.ts";
import { openFileDisk } from "../descriptor/file-disk.ts";
import type { FileAdvice } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { listFiles } from "./file/list.ts";
import { openSource } from "./file/open.ts";
import { givenAgain, resolveSource, type Source } from "./file/source.ts";

interface State {
  readonly source: Source;
  readonly advice: FileAdvice;
  readonly relief: boolean;
  readonly host: Host;
}

/** Serves a file, a block device, or the files of a directory (nbdkit-file-plugin(1)). */
const file: Plugin = definePlugin({
  name: "file",
  longname: "nbdkit file plugin",
  description: "A file or block device, or all those in a directory",
  parameters: {
    file: once(
      text({ placeholder: "FILENAME", defaultText: "none", help: "The file or block device to serve" }),
      givenAgain,
    ),
    dir: once(
      text({
        placeholder: "DIRNAME",
        defaultText: "none",
        help: "A directory: clients choose a file in it by export name",
      }),
      givenAgain,
    ),
    fd: once(descriptor({ defaultText: "none", help: "The same as file=, already open" }), givenAgain),
    dirfd: once(descriptor({ defaultText: "none", help: "The same as dir=, already open" }), givenAgain),
    cache: choice(["default", "none"], { default: "default", help: "none: see reduce-memory-pressure" }),
    fadvise: choice(["normal", "random", "sequential"], {
      default: "normal",
      help: "The access pattern for posix_fadvise",
    }),
    "reduce-memory-pressure": boolean({ default: false, help: "Keep little of the file in the page cache" }),
  },
  magicKey: "file",
  debugFlags: ["zero"],
  provides: [...everyRequest, "close", "multiConn", "rotational", "blockSize"],
  dumpPlugin,
  configComplete: (values, host): State => ({
    source: resolveSource(values),
    advice: values.fadvise,
    relief: values.cache === "none" || values["reduce-memory-pressure"],
    host,
  }),
  listExports: ({ source }) => (source.kind === "directory" ? listFiles(source.path) : [{ name: "" }]),
  open,
});

export default file;

async function open({ source, advice, relief, host }: State, request: OpenRequest): Promise<Handle> {
  const { fd, name, writable, owned } = await openSource(source, request.exportName, request.readOnly, host);
  const trace = host.verbose && host.debugFlag("zero") > 0 ? (line: string) => host.debug(line) : undefined;
  try {
    return await openFileDisk(fd, { name, writable, owned, advice, relief, trace });
  } catch (error) {
    if (owned) await promisify(close)(fd);
    throw error;
  }
}

/** The features of this system. A file system or device may still not support them. */
function dumpPlugin(): Record<string, string> {
  const { blockDevice, extents, punchHole, zeroRange } = native().features;
  const possible = {
    file_blkdiscard: blockDevice,
    file_blkrotational: blockDevice,
    file_blksszget: blockDevice,
    file_blkzeroout: blockDevice,
    file_block_size: blockDevice,
    file_extents: extents,
    file_falloc_fl_punch_hole: punchHole,
    file_falloc_fl_zero_range: zeroRange,
  };
  return Object.fromEntries(Object.entries(possible).flatMap(([key, yes]) => (yes ? [[key, "yes"]] : [])));
}
