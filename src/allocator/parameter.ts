import type { Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseBoolean } from "../core/values.ts";
import { native } from "../native/load.ts";
import { hasZstd } from "./zstd.ts";

/**
 * When a disk takes memory (nbdkit-memory-plugin(1), "ALLOCATORS"). `sparse`: as clients write. `malloc`: all
 * of it before the first client connects, optionally locked out of swap. `zstd`: as clients write,
 * compressed.
 */
export interface Allocator {
  readonly kind: "sparse" | "malloc" | "zstd";
  /** Lock the memory out of swap. Only `malloc` supports it. */
  readonly mlock: boolean;
}

/** The parameter `allocator` of plugins that keep a disk in memory. */
export const allocator: Parameter<Allocator> & { readonly default: Allocator } = {
  parse: parseAllocator,
  placeholder: "sparse|malloc[,mlock=true]|zstd",
  help: "When to allocate memory: on write, all at the start, or on write and compressed",
  default: { kind: "sparse", mlock: false },
  format: ({ kind, mlock }) => (mlock ? `${kind},mlock=true` : kind),
};

/** The lines of --dump-plugin about allocators. */
export function allocatorFeatures(): Record<"mlock" | "zstd", "yes" | "no"> {
  return { mlock: native().features.memoryLock ? "yes" : "no", zstd: hasZstd() ? "yes" : "no" };
}

function parseAllocator(text: string): Allocator {
  const [kind, ...options] = text.split(",");
  if (kind === "malloc") return { kind, mlock: options.reduce(parseMallocOption, false) };
  if (kind !== "sparse" && kind !== "zstd") {
    throw new NbdError("EINVAL", `unknown allocator "${text}": use sparse, malloc or zstd`);
  }
  if (options.length > 0) {
    throw new NbdError("EINVAL", `allocator=${kind} does not take extra parameters`);
  }
  if (kind === "zstd" && !hasZstd()) {
    throw new NbdError(
      "ENOTSUP",
      `allocator=zstd needs Node.js 22.15 or newer, and this is ${process.version}: use allocator=sparse`,
    );
  }
  return { kind, mlock: false };
}

/** Parses one option. A name without a value means yes, as in `malloc,mlock`. */
function parseMallocOption(mlock: boolean, option: string): boolean {
  if (option === "") return mlock;
  const [name, value = "1"] = option.split(/=(.*)/s);
  if (name !== "mlock") throw new NbdError("EINVAL", `allocator=malloc: unknown parameter ${name}`);
  if (!parseBoolean(value)) return false;
  if (native().features.memoryLock) return true;
  throw new NbdError(
    "ENOTSUP",
    "allocator=malloc,mlock=true is not available on this system: use allocator=malloc",
  );
}
