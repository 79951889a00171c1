const lineBytes = 16;

/**
 * Formats bytes for debug messages, as nbdkit_debug_hexdump(3) does: a line for each 16 bytes, with their
 * offset, in hexadecimal and as text.
 *
 * ```ts
 * for (const line of hexdump(bytes)) host.debug(line);
 * ```
 *
 * @param offset the offset of the first byte on the disk; default 0
 */
export function* hexdump(bytes: Uint8Array, offset: bigint = 0n): Generator<string, void, void> {
  for (let at = 0; at < bytes.length; at += lineBytes)
    yield `${placeOf(offset, at)}: ${lineOf([...bytes.subarray(at, at + lineBytes)])}`;
}

/**
 * Formats the difference of two buffers of the same length, as nbdkit_debug_hexdiff(3) does, in lines like
 * those of {@link hexdump}. A line of `expected` that differs begins with `-`; after it a line with `+` has
 * the other bytes of `actual`. Equal lines begin with a space.
 *
 * @param offset the offset of the first byte on the disk; default 0
 */
export function* hexdiff(
  expected: Uint8Array,
  actual: Uint8Array,
  offset: bigint = 0n,
): Generator<string, void, void> {
  for (let at = 0; at < expected.length; at += lineBytes) {
    const before = [...expected.subarray(at, at + lineBytes)];
    const after = [...actual.subarray(at, at + lineBytes)];
    const other = after.map((byte, index) => (byte === before[index] ? undefined : byte));
    const place = placeOf(offset, at);
    const isSame = other.every((byte) => byte === undefined);
    yield `${isSame ? " " : "-"}${place}: ${lineOf(before)}`;
    if (!isSame) yield `+${place}: ${lineOf(other)}`;
  }
}

function placeOf(offset: bigint, at: number): string {
  return (offset + BigInt(at)).toString(16).padStart(8, "0");
}

/** @param bytes undefined for a byte to leave blank */
function lineOf(bytes: readonly (number | undefined)[]): string {
  const hex = bytes.map((byte) => byte?.toString(16).padStart(2, "0") ?? "  ");
  const text = bytes.map((byte) => (byte === undefined ? " " : characterOf(byte))).join("");
  const halves = [hex.slice(0, 8), hex.slice(8)].map((half) => half.join(" ").padEnd(8 * 3 - 1));
  return `${halves.join("  ")}  |${text.padEnd(lineBytes)}|`;
}

function characterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
}
