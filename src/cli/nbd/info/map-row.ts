/** One extent as a line for people. */
export function textRow(context: string, offset: bigint, length: bigint, state: bigint): string {
  const description = textDescription(context, state, "  ");
  return `${pad(offset, 10)}  ${pad(length, 10)}  ${pad(state, 3)}${description}`;
}

/** One extent as an object of JSON, written by hand because numbers go beyond what JSON.stringify can write. */
export function jsonRow(context: string, offset: bigint, length: bigint, state: bigint): string {
  const description = jsonDescription(context, state);
  return `{ "offset": ${offset}, "length": ${length}, "type": ${state}${description}}`;
}

/** All extents in one state, as a line for people. */
export function textTotal(context: string, bytes: bigint, percent: number, state: bigint): string {
  const description = textDescription(context, state, " ");
  return `${pad(bytes, 10)} ${oneDecimal(percent).padStart(5)}% ${pad(state, 3)}${description}`;
}

/** All extents in one state, as an object of JSON. */
export function jsonTotal(context: string, bytes: bigint, percent: number, state: bigint): string {
  const description = jsonDescription(context, state);
  return `{ "size": ${bytes}, "percent": ${Number(percent.toPrecision(6))}, "type": ${state}${description} }`;
}

const allocation = ["data", "hole", "zero", "hole,zero"];

/** What a state means, for the contexts that are known. */
function describeState(context: string, state: bigint): string | undefined {
  if (context === "base:allocation") return allocation[Number(state)];
  if (context.startsWith("qemu:dirty-bitmap:")) return ["clean", "dirty"][Number(state)];
  if (context === "qemu:allocation-depth") {
    return ["absent", "local"][Number(state)] ?? `backing depth ${state}`;
  }
  return undefined;
}

/** As printf's %.1f does it: halves go to the even digit. */
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
