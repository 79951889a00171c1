const lineBytes = 16;

/**
 * Formats the difference of two buffers of the same length, for -D checkwrite.showdiffs=1: a line for each
 * 16 bytes, with their offset, in hexadecimal and as text. A line of `expected` that differs begins with `-`;
 * after it a line with `+` has the other bytes of `written`. Equal lines begin with a space.
 *
 * @param offset the offset of the first byte on the disk
 */
export function* differences(
  expected: Uint8Array,
  written: Uint8Array,
  offset: bigint,
): Generator<string, void, void> {
  for (let at = 0; at < expected.length; at += lineBytes) {
    const [before, after] = [expected, written].map((bytes) => [...bytes.subarray(at, at + lineBytes)]);
    if (before === undefined || after === undefined) return;
    const other = after.map((byte, index) => (byte === before[index] ? undefined : byte));
    const place = (offset + BigInt(at)).toString(16).padStart(8, "0");
    const isSame = other.every((byte) => byte === undefined);
    yield `${isSame ? " " : "-"}${place}: ${lineOf(before)}`;
    if (!isSame) yield `+${place}: ${lineOf(other)}`;
  }
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
