import { connect, joinEqual, type NbdClient } from "../../../client/index.ts";
import { NbdError } from "../../../core/errors.ts";
import type { CommandContext } from "../command.ts";
import { jsonRow, jsonTotal, textRow, textTotal } from "./map-row.ts";

/** The metadata context of --map without a value. */
export const defaultContext = "base:allocation";

export interface MapOptions {
  /** Name of the metadata context; "" is base:allocation. */
  readonly context: string;
  readonly totals: boolean;
  readonly json: boolean;
}

/** Runs `nbd info --map`. */
export async function showMap(
  uri: string,
  options: MapOptions,
  { print }: Pick<CommandContext, "print">,
): Promise<number> {
  const context = options.context === "" ? defaultContext : options.context;
  await using client = await connect(uri, { metaContexts: [context] });
  if (!client.contexts.includes(context)) {
    throw new NbdError("ENOTSUP", `--map: server does not support metadata context "${context}"`);
  }
  const lines = options.totals
    ? totals(client, context, options.json)
    : rows(client, context, options.json ? jsonRow : textRow);
  for await (const block of inBlocks(options.json ? jsonArray(lines) : lines)) await print(block);
  return 0;
}

async function* rows(
  client: NbdClient,
  context: string,
  format: (context: string, offset: bigint, length: bigint, state: bigint) => string,
): AsyncGenerator<string> {
  let offset = 0n;
  for await (const { length, state } of joinEqual(client.statusOf(context, 0n, client.size))) {
    yield format(context, offset, length, state);
    offset += length;
  }
}

/**
 * The limit of distinct states in --totals. States have 64 bits, so a hostile server could exhaust the
 * memory.
 */
const statesMax = 65_536;

async function* totals(client: NbdClient, context: string, json: boolean): AsyncGenerator<string> {
  const sums = new Map<bigint, bigint>();
  for await (const { length, state } of client.statusOf(context, 0n, client.size)) {
    sums.set(state, (sums.get(state) ?? 0n) + length);
    if (sums.size > statesMax) {
      const advice = "use --map without --totals";
      throw new NbdError("EOVERFLOW", `--totals: more than ${statesMax} states of "${context}": ${advice}`);
    }
  }
  const sorted = [...sums].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [state, bytes] of sorted) {
    const percent = (100 * Number(bytes)) / Number(client.size);
    yield (json ? jsonTotal : textTotal)(context, bytes, percent, state);
  }
}

async function* jsonArray(items: AsyncIterable<string>): AsyncGenerator<string> {
  yield "[";
  let previous: string | undefined;
  for await (const item of items) {
    if (previous !== undefined) yield `${previous},`;
    previous = item;
  }
  if (previous !== undefined) yield previous;
  yield "]";
}

/** Characters that are printed at once: one system call per line would take most of the time. */
const blockLength = 32 * 1024;

async function* inBlocks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let block: string[] = [];
  let length = 0;
  for await (const line of lines) {
    block.push(line);
    length += line.length;
    if (length < blockLength) continue;
    yield block.join("\n");
    block = [];
    length = 0;
  }
  if (block.length > 0) yield block.join("\n");
}
