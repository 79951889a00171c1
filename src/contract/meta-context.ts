import { NbdError } from "../core/errors.ts";
import type { StatusExtent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";

/**
 * Something that block status tells about a disk (doc/proto.md, "Metadata querying"): which blocks changed, where they
 * come from. Clients choose by name what they want to know.
 */
export interface MetaContext {
  /**
   * "NAMESPACE:LEAF" of at most 4096 bytes; namespaces of one's own begin with "x-". "base:" is the server's, which makes
   * `base:allocation` of the handle's `extents`.
   */
  readonly name: string;
  /** States are 64 bits long, so that only clients with extended headers may choose the context. Default: 32 bits. */
  readonly wide?: boolean;
  /**
   * The states of the range, from `offset` on, without gaps. It may end early or go past the range; with `requestOne` one
   * extent is enough. Where the export has a minimum block size and a block has several states, clients are
   * told the bits that all of them have; return whole blocks where that is not what the bits mean.
   */
  status(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly StatusExtent[]>;
}

/** doc/proto.md, "Value conventions". */
const nameBytesMax = 4096;
/** A namespace without spaces and control characters, a colon, and something that is no NUL. */
const nameForm = /^[^\s\p{Cc}:]+:[^\0]+$/u;
const reserved = /^(base|nbd-server):/;

/**
 * @param from whose function returned them
 * @throws NbdError EINVAL for what are none, and for names that clients could not choose, or not tell apart
 */
export function checkContexts(from: string, contexts: readonly MetaContext[] = []): void {
  if (!Array.isArray(contexts) || !contexts.every(isContext)) {
    throw new NbdError("EINVAL", `the metaContexts that ${from} returned are no list of { name, status }`);
  }
  const seen = new Set<string>();
  for (const { name } of contexts) {
    const fault = nameFault(name) ?? (seen.has(name) ? "is there twice" : undefined);
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

/** Clients have room for so many bits; a state that needs more would tell them something else. */
export function checkStates({ name, wide }: MetaContext, extents: readonly StatusExtent[]): void {
  // Plugins may be written without types.
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
