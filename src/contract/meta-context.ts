import { NbdError } from "../core/errors.ts";
import type { StatusExtent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";

/**
 * A metadata context: one kind of information that block status returns about a disk (doc/proto.md, "Metadata
 * querying"), such as which blocks changed or where they come from. Clients select contexts by name.
 */
export interface MetaContext {
  /**
   * "NAMESPACE:LEAF" of at most 4096 bytes. Use a namespace that begins with "x-". The server owns "base:",
   * and makes `base:allocation` from the handle's `extents`.
   */
  readonly name: string;
  /** States have 64 bits, so only clients with extended headers can select the context. Default: 32 bits. */
  readonly wide?: boolean;
  /**
   * Returns the states of the range, from `offset` on, without gaps. The list may end early or go past the
   * range; with `requestOne` one extent is enough. Where the export has a minimum block size and a block has
   * several states, clients receive the bits that all of them have. Return whole blocks where the bits have
   * another meaning.
   */
  status(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly StatusExtent[]>;
}

/** The maximum length of a name in bytes of UTF-8 (doc/proto.md, "Value conventions"). */
const nameBytesMax = 4096;
/** The namespace has no spaces or control characters; the leaf has at least one character and no NUL. */
const nameForm = /^[^\s\p{Cc}:]+:[^\0]+$/u;
const reserved = /^(base|nbd-server):/;

/**
 * Checks the metadata contexts of a handle.
 *
 * @param from the function that returned them, for the message
 * @throws NbdError EINVAL for values that are no contexts, and for names that clients cannot select or
 *   distinguish
 */
export function checkContexts(from: string, contexts: readonly MetaContext[] = []): void {
  if (!Array.isArray(contexts) || !contexts.every(isContext)) {
    throw new NbdError("EINVAL", `the metaContexts that ${from} returned are no list of { name, status }`);
  }
  const seen = new Set<string>();
  for (const { name } of contexts) {
    const fault = nameFault(name) ?? (seen.has(name) ? "appears twice" : undefined);
    if (fault !== undefined)
      throw new NbdError("EINVAL", `the metadata context "${name}" that ${from} returned ${fault}`);
    seen.add(name);
  }
}

function isContext(context: MetaContext | null): boolean {
  return typeof context?.name === "string" && typeof context.status === "function";
}

function nameFault(name: string): string | undefined {
  if (!nameForm.test(name)) return "must be called NAMESPACE:LEAF";
  if (reserved.test(name)) return "has a namespace of the specification: use one that begins with x-";
  if (Buffer.byteLength(name) > nameBytesMax) return `has a name of more than ${nameBytesMax} bytes`;
  return undefined;
}

/**
 * Checks that the states fit the number of bits that clients receive; a truncated state would have another
 * meaning.
 *
 * @throws NbdError EIO
 */
export function checkStates({ name, wide }: MetaContext, extents: readonly StatusExtent[]): void {
  // Plugins may be written in JavaScript, without type checking.
  if (
    !Array.isArray(extents) ||
    extents.some((one) => typeof one?.length !== "bigint" || typeof one.state !== "bigint")
  ) {
    throw new NbdError(
      "EIO",
      `what the plugin or a filter returned for ${name} is no list of { length, state }, both of them bigint`,
    );
  }
  const bits = wide === true ? 64 : 32;
  const wrong = extents.find(({ state }) => BigInt.asUintN(bits, state) !== state);
  if (wrong === undefined) return;
  throw new NbdError(
    "EIO",
    `the plugin or a filter returned the state ${wrong.state}, which is no number of ${bits} bits, for ${name}`,
  );
}
