import { open } from "node:fs/promises";
import { freemem } from "node:os";
import { failure } from "../../contract/failure.ts";
import { NbdError } from "../../core/errors.ts";
import { type Content, layers, literal } from "./content.ts";
import type { Source } from "./expression.ts";
import { scriptChunks } from "./script.ts";

const chunkBytes = 64 * 1024;

/**
 * Reads a part of a file or of a script's output. The part ends early when the source ends before `to`,
 * because the length of a source is not known in advance.
 * @param stdin what scripts read from
 * @param from bytes
 * @param to bytes; undefined for the end of the source
 */
export async function readSource(
  stdin: "inherit" | "ignore",
  source: Source,
  from: bigint,
  to: bigint | undefined,
): Promise<Content> {
  if (to !== undefined && from > to) {
    const [N, M] = [from, to];
    throw new NbdError("EINVAL", `<${source.text}[${N}:${M}] does not describe a valid slice`);
  }
  const chunks =
    source.kind === "file"
      ? fileChunks(source.text, from)
      : scriptChunks(source.text, stdin, from, to !== undefined);
  return collectBytes(source.text, chunks, to === undefined ? undefined : to - from);
}

/** Collects `wanted` bytes, or all bytes if `wanted` is undefined. All bytes must fit into free memory. */
async function collectBytes(
  name: string,
  chunks: AsyncGenerator<Buffer>,
  wanted: bigint | undefined,
): Promise<Content> {
  const limit = wanted ?? BigInt(freemem());
  const pieces = [];
  let size = 0n;
  for await (const chunk of chunks) {
    const left = limit - size;
    const bytes = BigInt(chunk.length) > left ? chunk.subarray(0, Number(left)) : chunk;
    pieces.push({ at: size, content: literal(bytes) });
    size += BigInt(bytes.length);
    if (size < limit) continue;
    if (wanted !== undefined) break;
    throw new NbdError("ENOMEM", `<${name}: more than the free memory: take a part of it with [:LENGTH]`);
  }
  return layers(pieces, size);
}

async function* fileChunks(path: string, from: bigint): AsyncGenerator<Buffer> {
  const fail = (error: unknown): never => {
    throw failure("<FILE", path, error);
  };
  const file = await open(path, "r").catch(fail);
  try {
    // Read from the start without a position: a pipe cannot seek.
    let position = from === 0n ? null : Number(from);
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, position).catch(fail);
      if (bytesRead === 0) return;
      if (position !== null) position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
