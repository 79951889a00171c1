import { connect, joinEqual, type NbdClient } from "../../../client/index.ts";
import { NbdError } from "../../../core/errors.ts";
import type { Surroundings } from "../command.ts";

export interface MapOptions {
  /** "" is base:allocation */
  readonly context: string;
  readonly totals: boolean;
  readonly json: boolean;
}

/** `nbd info --map` */
export async function showMap(
  uri: string,
  options: MapOptions,
  { print, signal }: Surroundings,
): Promise<number> {
  const context = options.context === "" ? "base:allocation" : options.context;
  await using client = await connect(uri, { metaContexts: [context], signal });
  if (!client.contexts.includes(context)) {
    throw new NbdError("ENOTSUP", `--map: server does not support metadata context "${context}"`);
  }
  const lines = options.totals
    ? await totals(client, context, options.json)
    : await rows(client, context, options.json);
  if (!options.json) for (const line of lines) print(line);
  else
    print(
      ["[", ...lines.map((line, index) => (index < lines.length - 1 ? `${line},` : line)), "]"].join("\n"),
    );
  return 0;
}

async function rows(client: NbdClient, context: string, json: boolean): Promise<string[]> {
  const lines: string[] = [];
  let offset = 0n;
  for await (const { length, state } of joinEqual(client.statusOf(context, 0n, client.size))) {
    const description = describeState(context, state);
    if (json) {
      lines.push(
        `{ "offset": ${offset}, "length": ${length}, "type": ${state}${jsonDescription(description)}}`,
      );
    } else {
      lines.push(
        `${pad(offset, 10)}  ${pad(length, 10)}  ${pad(state, 3)}${textDescription(description, "  ")}`,
      );
    }
    offset += length;
  }
  return lines;
}

async function totals(client: NbdClient, context: string, json: boolean): Promise<string[]> {
  const sums = new Map<bigint, bigint>();
  for await (const { length, state } of client.statusOf(context, 0n, client.size)) {
    sums.set(state, (sums.get(state) ?? 0n) + length);
  }
  const sorted = [...sums].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([state, bytes]) => {
    const percent = (100 * Number(bytes)) / Number(client.size);
    const description = describeState(context, state);
    return json
      ? `{ "size": ${bytes}, "percent": ${Number(percent.toPrecision(6))}, "type": ${state}${jsonDescription(description)} }`
      : `${pad(bytes, 10)} ${oneDecimal(percent).padStart(5)}% ${pad(state, 3)}${textDescription(description, " ")}`;
  });
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

function jsonDescription(description: string | undefined): string {
  return description === undefined ? "" : `, "description": ${JSON.stringify(description)}`;
}

function textDescription(description: string | undefined, gap: string): string {
  return description === undefined ? "" : `${gap}${description}`;
}

function pad(value: bigint, width: number): string {
  return String(value).padStart(width);
}
