import type { Carried, MemoryStream } from "../../helpers/memory-stream.ts";
import { nextIteration } from "../finding.ts";
import type { Fault, TlsPlan } from "./plan.ts";

/** Applies the faults of the plan to all bytes that this end sends from now on. */
export function disturb(stream: MemoryStream, { faults, cut }: TlsPlan): void {
  const waiting = [...faults].sort((one, other) => one.at - other.at);
  let position = 0;
  let next = 0;
  stream.carry = (bytes) => {
    const begin = position;
    position += bytes.length;
    const carried: Carried[] = [];
    let rest = bytes;
    let restAt = begin;
    while (waiting.length > 0 && waiting[0]!.at < position) {
      const fault = waiting.shift()!;
      const at = Math.max(0, fault.at - restAt);
      carried.push(rest.subarray(0, at));
      const after = rest.subarray(at);
      const { now, left } = applyFault(fault, after);
      carried.push(...now);
      restAt += at + after.length - left.length;
      rest = left;
    }
    carried.push(rest);
    return carried.flatMap<Carried>((one) => (typeof one === "string" ? [one] : pieces(one)));
  };
  const pieces = (bytes: Buffer): Buffer[] => {
    if (cut.length === 0) return [bytes];
    const made: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = cut[next++ % cut.length]!;
      made.push(bytes.subarray(at, at + length));
      at += length;
    }
    return made;
  };
}

/** @returns the bytes that arrive instead, and the remaining bytes */
function applyFault({ kind, bytes = "", count = 0 }: Fault, rest: Buffer): { now: Carried[]; left: Buffer } {
  switch (kind) {
    case "flip":
      if (rest.length > 0) rest[0]! ^= 1 << count;
      return { now: [], left: rest };
    case "insert":
      return { now: [Buffer.from(bytes, "hex")], left: rest };
    case "drop":
      return { now: [], left: rest.subarray(count) };
    case "repeat":
      return { now: [rest.subarray(0, count)], left: rest };
    default:
      return { now: [kind], left: Buffer.alloc(0) };
  }
}

/** After this many event-loop iterations without a byte in transit, nothing moves any more. */
const quietIterations = 8;
const iterationsMax = 3000;

/** Waits until all sent bytes have arrived and all their effects are done. */
export async function quiet(...streams: readonly MemoryStream[]): Promise<void> {
  const moved = (): number => streams.reduce((sum, stream) => sum + stream.moved, 0);
  let before = moved();
  let still = 0;
  for (let count = 0; still < quietIterations && count < iterationsMax; count++) {
    await nextIteration();
    const now = moved();
    still = now === before ? still + 1 : 0;
    before = now;
  }
}
