/** Formats an extent as a line of text. */
export function textRow(context: string, offset: bigint, length: bigint, state: bigint): string {
  const description = textDescription(context, state, "  ");
  return `${pad(offset, 10)}  ${pad(length, 10)}  ${pad(state, 3)}${description}`;
}

/** Formats an extent as a JSON object. Not with JSON.stringify, which does not support bigint. */
export function jsonRow(context: string, offset: bigint, length: bigint, state: bigint): string {
  const description = jsonDescription(context, state);
  return `{ "offset": ${offset}, "length": ${length}, "type": ${state}${description}}`;
}

/** Formats the total of a state as a line of text. */
export function textTotal(context: string, bytes: bigint, percent: number, state: bigint): string {
  const description = textDescription(context, state, " ");
  return `${pad(bytes, 10)} ${oneDecimal(percent).padStart(5)}% ${pad(state, 3)}${description}`;
}

/** Formats the total of a state as a JSON object. */
export function jsonTotal(context: string, bytes: bigint, percent: number, state: bigint): string {
  const description = jsonDescription(context, state);
  return `{ "size": ${bytes}, "percent": ${Number(percent.toPrecision(6))}, "type": ${state}${description} }`;
}

const allocation = ["data", "hole", "zero", "hole,zero"];

/** Describes a state of a known metadata context; undefined for other contexts. */
function describeState(context: string, state: bigint): string | undefined {
  if (context === "base:allocation") return allocation[Number(state)];
  if (context.startsWith("qemu:dirty-bitmap:")) return ["clean", "dirty"][Number(state)];
  if (context === "qemu:allocation-depth") {
    return ["absent", "local"][Number(state)] ?? `backing depth ${state}`;
  }
  return undefined;
}

/** Formats a number like %.1f of printf(3), which rounds halves to the even digit. */
function oneDecimal(value: number): string {
  const tenths = Math.floor(value * 10);
  const half = value * 10 - tenths;
  const up = half > 0.5 || (half === 0.5 && tenths % 2 === 1);
  return ((tenths + (up ? 1 : 0)) / 10).toFixed(1);
}

function jsonDescription(context: string, state: bigint): string {
  const description = describeState(context, state);
  return description === undefined ? "" : `, "description": ${JSON.stringify(description)}`;
}

function textDescription(context: string, state: bigint, gap: string): string {
  const description = describeState(context, state);
  return description === undefined ? "" : `${gap}${description}`;
}

function pad(value: bigint, width: number): string {
  return String(value).padStart(width);
}
