import { freemem } from "node:os";
import type { Handle } from "../contract/handle.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { formatSize } from "../core/size.ts";
import { createMemoryDisk, type MemoryDisk } from "../descriptor/memory-disk.ts";
import type { Allocator } from "./parameter.ts";

/** A disk in memory. It reads as zeroes until a client writes. */
export interface AllocatedDisk {
  /** One handle, which all clients share. */
  readonly handle: Handle;
  /** Frees the memory. */
  dispose(): void;
}

/**
 * Makes a disk in memory.
 * @param name the name of the memory in debugging tools
 * @param size bytes
 * @throws NbdError with a line for the user when there is not enough memory, or no permission to lock it
 */
export async function allocate(name: string, size: bigint, allocator: Allocator): Promise<AllocatedDisk> {
  if (allocator.kind === "zstd") {
    const { ZstdDisk } = await import("./zstd-disk.ts");
    const disk = new ZstdDisk(size);
    return { handle: disk, dispose: () => disk.dispose() };
  }
  if (allocator.kind === "malloc") checkMemory("allocator=malloc", size);
  const disk = createMemoryDisk(name, size);
  if (allocator.kind === "sparse") return { handle: disk, dispose: () => disk.dispose() };
  try {
    await disk.allocateAll();
    if (allocator.mlock) lock(disk);
  } catch (error) {
    disk.dispose();
    throw error;
  }
  return { handle: disk.withoutHoles(), dispose: () => disk.dispose() };
}

/**
 * Refuses a size that does not fit into free memory. The kernel overcommits: without this check it grants the
 * memory, and later kills a process when the memory runs out.
 * @param what the name of the parameter or plugin that needs the memory, for the error message
 * @throws NbdError ENOMEM
 */
export function checkMemory(what: string, bytes: bigint): void {
  const free = BigInt(freemem());
  if (bytes <= free) return;
  throw new NbdError(
    "ENOMEM",
    `${what}: ${formatSize(bytes)} is more than the free memory, ${free / 1024n ** 2n}M: ` +
      "use a smaller disk, or allocator=sparse if most of it stays empty",
  );
}

function lock(disk: MemoryDisk): void {
  try {
    disk.lock();
  } catch (error) {
    const advice = "raise the limit (ulimit -l), or leave mlock=true out";
    throw new NbdError(codeOf(error), `allocator=malloc: ${messageOf(error)}: ${advice}`, { cause: error });
  }
}
