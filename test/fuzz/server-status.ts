import { Command, CommandFlag } from "../../src/protocol/constants.ts";
import type { Bytes } from "./bytes.ts";
import { age, allocation, fuzzedContexts } from "./contexts.ts";
import type { Form } from "./encode.ts";
import { expectThat } from "./finding.ts";

export interface Context {
  readonly id: number;
  readonly name: string;
}

/** Checks the contexts in the replies to an option. Listed contexts have id 0. */
export function checkContexts(contexts: readonly Context[], form: Form, listed: boolean): void {
  for (const { id, name } of contexts) {
    expectThat(fuzzedContexts.includes(name), `an unknown context ${name}`);
    expectThat(name !== age || form === "extended", "a context of 64 bits without extended headers");
    expectThat(!listed || id === 0, `a list with the id ${id}`);
  }
  const distinct = new Set(contexts.map(({ id, name }) => (listed ? name : id)));
  expectThat(distinct.size === contexts.length, "a context twice");
}

/** The content of one block status chunk. */
export interface Status {
  readonly contextId: number;
  readonly count: number;
  readonly total: bigint;
  /** The length of the last extent. */
  readonly last: bigint;
}

export function readStatus(extended: boolean, contexts: readonly Context[], payload: Bytes): Status {
  const contextId = payload.u32();
  const context = contexts.find(({ id }) => id === contextId);
  expectThat(context !== undefined, `block status of the context ${contextId}, which was not set`);
  const count = extended ? payload.u32() : payload.left / 8;
  expectThat(count > 0 && payload.left === count * (extended ? 16 : 8), `block status of ${count} extents`);
  let total = 0n;
  let last = 0n;
  while (payload.left > 0) {
    const length = extended ? payload.u64() : BigInt(payload.u32());
    const state = extended ? payload.u64() : BigInt(payload.u32());
    const most = { [allocation]: 3n, [age]: 1n << 63n }[context.name] ?? 1n;
    expectThat(length > 0n && state <= most, `an extent of ${length} bytes in state ${state}`);
    total += length;
    last = length;
  }
  return { contextId, count, total, last };
}

export interface StatusRequest {
  readonly command: number;
  readonly flags: number;
  readonly length: bigint;
  /** The content of a payload. */
  readonly asked?: { readonly length: bigint; readonly contextIds: readonly number[] };
}

/**
 * Tells whether a reply has one chunk for each requested context. Only the last extent may go past the range, and
 * not where the client asked for one (doc/proto.md, "NBD_CMD_BLOCK_STATUS").
 */
export function answersStatus(
  received: readonly Status[],
  { command, flags, length, asked }: StatusRequest,
  contexts: readonly Context[],
  minimumBlock: bigint,
): boolean {
  const wanted = asked?.contextIds ?? contexts.map(({ id }) => id);
  const one = (flags & CommandFlag.requestOne) !== 0;
  const range = asked?.length ?? length;
  return (
    command === Command.blockStatus &&
    received.length === wanted.length &&
    wanted.every((id) => received.some(({ contextId }) => contextId === id)) &&
    received.every(({ count }) => !one || count === 1) &&
    received.every(({ total, last }) => (one ? total <= range : total - last < range)) &&
    received.every(({ total }) => total % minimumBlock === 0n)
  );
}
