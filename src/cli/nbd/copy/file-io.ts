import type { FileHandle } from "node:fs/promises";
import { NbdError } from "../../../core/errors.ts";
import type { NativeBinding } from "../../../native/binding.ts";
import { addon } from "../addon.ts";
import { fileError } from "./naming.ts";

/**
 * The largest position and size that Node.js supports. For larger positions it silently uses another
 * position.
 */
const positionMax = BigInt(Number.MAX_SAFE_INTEGER);

/** Fills the buffer. @throws NbdError that names the file, EIO at the end of the file */
export async function readAt(file: FileHandle, name: string, into: Buffer, offset: bigint): Promise<void> {
  const what = `read of ${into.length} bytes at ${offset}`;
  try {
    for (let filled = 0; filled < into.length; ) {
      const count = await readSome(file, into.subarray(filled), offset + BigInt(filled));
      if (count === 0) throw new NbdError("EIO", "the file became shorter while it was copied");
      filled += count;
    }
  } catch (error) {
    throw fileError(name, what, error);
  }
}

async function readSome(file: FileHandle, into: Buffer, offset: bigint): Promise<number> {
  if (offset > positionMax) return await farAddon().preadAsync(file.fd, into, offset);
  const { bytesRead } = await file.read(into, 0, into.length, Number(offset));
  return bytesRead;
}

/** Writes all of the bytes. @throws NbdError that names the file */
export async function writeAt(file: FileHandle, name: string, bytes: Buffer, offset: bigint): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += await writeSome(file, bytes.subarray(done), offset + BigInt(done));
    }
  } catch (error) {
    throw fileError(name, `write of ${bytes.length} bytes at ${offset}`, error);
  }
}

async function writeSome(file: FileHandle, bytes: Buffer, offset: bigint): Promise<number> {
  if (offset > positionMax) {
    await farAddon().pwriteAsync(file.fd, bytes, offset);
    return bytes.length;
  }
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, Number(offset));
  return bytesWritten;
}

/** Sets the size of a file in bytes. @throws NbdError that names the file */
export async function setSize(file: FileHandle, name: string, size: bigint): Promise<void> {
  try {
    if (size > positionMax) farAddon().setSize(file.fd, size);
    else await file.truncate(Number(size));
  } catch (error) {
    throw fileError(name, `setting the size to ${size} bytes`, error);
  }
}

function farAddon(): NativeBinding {
  const native = addon();
  if (native !== undefined) return native;
  throw new NbdError("EFBIG", `positions beyond ${positionMax} need the addon, which cannot be loaded`);
}
