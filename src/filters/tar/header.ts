import { NbdError } from "../../core/errors.ts";

/** Everything in a tar file lies in blocks of so many bytes (tar(5)). */
export const blockBytes = 512;

/** The header of an entry, as far as it is needed to find the entry's bytes. */
export interface Header {
  /** One letter: "0" a file, "5" a folder, "L" a long name for the next one. */
  readonly type: string;
  readonly name: Buffer;
  /** Of what follows the header; bytes. */
  readonly size: bigint;
}

/** Undefined for a block of zeroes, which ends a tar file. @throws NbdError EINVAL for what is no header */
export function parseHeader(block: Buffer): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!isHeader(block)) throw new NbdError("EINVAL", "there is no tar header where one should be");
  const type = String.fromCharCode(block[156]!);
  // A hard link has no bytes of its own, whatever it says.
  return { type, name: nameIn(block), size: type === "1" ? 0n : numberAt(block, 124, 12) };
}

/** The sum of all bytes stands in the header; old programs took bytes for signed numbers. */
function isHeader(block: Buffer): boolean {
  const stated = Number.parseInt(text(block, 148, 8).toString("latin1").trim(), 8);
  let [sum, signedSum] = [0, 0];
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    sum += byte;
    signedSum += byte > 127 ? byte - 256 : byte;
  }
  return stated === sum || stated === signedSum;
}

/** POSIX has room for the beginning of a long name in front; GNU's headers have something else there. */
function nameIn(block: Buffer): Buffer {
  const [name, prefix] = [text(block, 0, 100), text(block, 345, 155)];
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  return isPosix && prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name;
}

/** Octal digits, or where they would not suffice a binary number with its highest bit set. */
export function numberAt(block: Buffer, at: number, length: number): bigint {
  if (block[at]! & 0x80) return binaryNumber(block.subarray(at, at + length));
  const digits = text(block, at, length).toString("latin1").trim();
  if (digits === "") return 0n;
  if (/^[0-7]+$/.test(digits)) return BigInt(`0o${digits}`);
  throw new NbdError("EINVAL", `"${digits}" is no number in a tar header`);
}

function binaryNumber(bytes: Buffer): bigint {
  const value = BigInt(`0x${bytes.toString("hex")}`) & ~(0x80n << BigInt(8 * (bytes.length - 1)));
  // Negative ones have all their first bits set.
  if (value < 2n ** 63n) return value;
  throw new NbdError("EINVAL", "a size in a tar header is negative, or larger than any disk");
}

/** Up to the first NUL. */
function text(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}
