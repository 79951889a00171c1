import { formatSize } from "../core/size.ts";

/** The limits of a number, size or delay. */
export interface Limits {
  readonly min?: number | bigint;
  readonly max?: number | bigint;
  readonly powerOfTwo?: boolean;
}

/** Describes the values within the limits, for errors, --help and the reference: "4K to 2G, a power of 2". */
export function rangeText({ min, max, powerOfTwo }: Limits): string {
  const parts = [betweenText(min, max), powerOfTwo === true ? "a power of 2" : ""];
  return parts.filter((part) => part !== "").join(", ");
}

function betweenText(min: Limits["min"], max: Limits["max"]): string {
  if (min === undefined) return max === undefined ? "" : `at most ${shown(max)}`;
  return max === undefined ? `at least ${shown(min)}` : `${shown(min)} to ${shown(max)}`;
}

function shown(value: number | bigint): string {
  return typeof value === "bigint" ? formatSize(value) : String(value);
}
