import { freemem } from "node:os";
import type { Handle } from "../contract/handle.ts";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { formatSize } from "../core/size.ts";
import { createMemoryDisk, type MemoryDisk } from "../descriptor/memory-disk.ts";
import type { Allocator } from "./parameter.ts";

/** A disk in memory, all zeroes at first. */
export interface AllocatedDisk {
  /** For all clients. */
  readonly handle: Handle;
  /** Gives the memory back. */
  dispose(): void;
}

/**
 * @param name what debugging tools call the memory
 * @param size bytes
 * @throws NbdError with a line for the user when there is not enough memory, or no right to lock it
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
 * The kernel hands out memory until it has to kill someone, so what cannot fit is refused before.
 * @param what needs it, for the error
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
