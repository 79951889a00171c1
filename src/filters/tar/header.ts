import { NbdError } from "../../core/errors.ts";

/** The block size of a tar file, in bytes (tar(5)). */
export const blockBytes = 512;

/** The fields of an entry's header that are needed to find its data. */
export interface Header {
  /** One letter: "0" is a file, "5" a folder, "L" a long name for the next entry. */
  readonly type: string;
  readonly name: Buffer;
  /** Size of the data after the header, in bytes. */
  readonly size: bigint;
}

/**
 * Parses the header of an entry.
 * @returns undefined for a block of zeroes, which ends a tar file
 * @throws NbdError EINVAL for an invalid header
 */
export function parseHeader(block: Buffer): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!isHeader(block)) throw new NbdError("EINVAL", "expected a tar header and found other data");
  const type = String.fromCharCode(block.readUInt8(156));
  // A hard link has no data, even if its header has a size.
  return { type, name: nameIn(block), size: type === "1" ? 0n : numberAt(block, 124, 12) };
}

/** Checks the checksum: the sum of all bytes. Old programs added the bytes as signed numbers. */
function isHeader(block: Buffer): boolean {
  const stated = Number.parseInt(text(block, 148, 8).toString("latin1").trim(), 8);
  let [sum, signedSum] = [0, 0];
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : block.readUInt8(at);
    sum += byte;
    signedSum += byte > 127 ? byte - 256 : byte;
  }
  return stated === sum || stated === signedSum;
}

/** POSIX headers have a prefix field for long names; GNU headers use these bytes for other fields. */
function nameIn(block: Buffer): Buffer {
  const [name, prefix] = [text(block, 0, 100), text(block, 345, 155)];
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  return isPosix && prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name;
}

/** Parses octal digits, or for large numbers a binary number with its highest bit set. */
export function numberAt(block: Buffer, at: number, length: number): bigint {
  if (block.readUInt8(at) & 0x80) return binaryNumber(block.subarray(at, at + length));
  const digits = text(block, at, length).toString("latin1").trim();
  if (digits === "") return 0n;
  if (/^[0-7]+$/.test(digits)) return BigInt(`0o${digits}`);
  throw new NbdError("EINVAL", `"${digits}" is not a number in a tar header`);
}

function binaryNumber(bytes: Buffer): bigint {
  const value = BigInt(`0x${bytes.toString("hex")}`) & ~(0x80n << BigInt(8 * (bytes.length - 1)));
  // The leading bits of a negative number are all set.
  if (value < 2n ** 63n) return value;
  throw new NbdError("EINVAL", "a size in a tar header is negative or too large for a disk");
}

/** The bytes of a field up to the first NUL. */
function text(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}
