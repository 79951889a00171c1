import { freemem } from "node:os";
import { type Parameter, size } from "../backend/parameter.ts";
import { definePlugin, type Plugin } from "../backend/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { formatSize } from "../core/size.ts";
import { parseBoolean } from "../core/values.ts";
import { createMemoryDisk, type MemoryDisk } from "../descriptor/memory-disk.ts";

/** When memory is taken: page by page as clients write, or all of it before the first client. */
type Allocator = "sparse" | "malloc";

interface State {
  readonly size: bigint;
  readonly allocator: Allocator;
  disk?: MemoryDisk;
}

const allocator: Parameter<Allocator> & { readonly default: Allocator } = {
  parse: parseAllocator,
  placeholder: "sparse|malloc",
  help: "When memory is taken: as the disk fills, or all at the start",
  default: "sparse",
};

/** A disk in memory, shared by all clients and gone when the server stops (nbdkit-memory-plugin(1)). */
const memory: Plugin = definePlugin({
  name: "memory",
  longname: "nbdkit memory plugin",
  description: "A disk in memory",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
    allocator,
  },
  magicKey: "size",
  debugFlags: ["dir"],
  provides: [
    "write",
    "flush",
    "trim",
    "zero",
    "extents",
    "cache",
    "multiConn",
    "nativeFua",
    "fastZero",
    "blockSize",
  ],
  dumpPlugin: () => ({ mlock: "no", zstd: "no" }),
  configComplete: ({ size, allocator }): State => ({ size, allocator }),
  async getReady(state) {
    if (state.allocator === "malloc") checkMemory(state.size);
    state.disk = createMemoryDisk("nbdkit-memory", state.size);
    if (state.allocator === "malloc") await state.disk.allocateAll();
  },
  open: ({ disk, allocator }) => (allocator === "sparse" ? disk! : disk!.withoutHoles()),
  unload: ({ disk }) => disk?.dispose(),
});

export default memory;

function parseAllocator(text: string): Allocator {
  const [name, ...options] = text.split(",");
  if (name === "sparse") {
    if (options.length === 0) return name;
    throw new NbdError("EINVAL", "allocator=sparse does not take extra parameters");
  }
  if (name === "malloc") {
    for (const option of options) checkMallocOption(option);
    return name;
  }
  if (name === "zstd") throw notAvailable("allocator=zstd", "allocator=sparse");
  throw new NbdError("EINVAL", `unknown allocator "${text}": use sparse or malloc`);
}

function checkMallocOption(option: string): void {
  const [, value] = /^mlock=(.*)$/s.exec(option) ?? [];
  if (value === undefined) {
    throw new NbdError("EINVAL", `allocator=malloc: unknown parameter ${option.split("=")[0]}`);
  }
  if (parseBoolean(value)) throw notAvailable("allocator=malloc,mlock=true", "allocator=malloc");
}

function notAvailable(asked: string, instead: string): NbdError {
  return new NbdError("ENOTSUP", `${asked} is not available: use ${instead}`);
}

/** The kernel hands out memory until it has to kill someone, so a disk that cannot fit is refused before. */
function checkMemory(bytes: bigint): void {
  const free = BigInt(freemem());
  if (bytes <= free) return;
  throw new NbdError(
    "ENOMEM",
    `allocator=malloc: ${formatSize(bytes)} is more than the free memory, ${free / 1024n ** 2n}M: ` +
      "use allocator=sparse",
  );
}
