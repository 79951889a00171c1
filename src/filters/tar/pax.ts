import { NbdError } from "../../core/errors.ts";

/** The KEY=VALUE records of an extended header, in order; a key may occur several times (pax(1)). */
export type PaxRecords = readonly (readonly [key: string, value: Buffer])[];

/** @throws NbdError EINVAL */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString("latin1", at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length - 1;
    if (!Number.isInteger(length) || equals < 0 || equals >= end || bytes[end] !== 0x0a)
      throw new NbdError("EINVAL", "an extended header of the tar file is damaged");
    records.push([bytes.toString("utf8", space + 1, equals), bytes.subarray(equals + 1, end)]);
    at = end + 1;
  }
  return records;
}

/** The value of the last record of a key, which overrides earlier records. */
export function lastValue(records: PaxRecords, key: string): Buffer | undefined {
  return records.findLast(([name]) => name === key)?.[1];
}

/** @throws NbdError EINVAL when the value is not a number */
export function decimal(value: Buffer): bigint {
  const digits = value.toString("latin1");
  if (/^\d{1,19}$/.test(digits)) return BigInt(digits);
  throw new NbdError(
    "EINVAL",
    `"${digits.slice(0, 40)}" is not a number in an extended header of the tar file`,
  );
}
