import { aBuffer, aWhole, either, type Kind } from "../core/kinds.ts";
import { checkKind } from "../core/shape.ts";

/** What a read takes: how much, or where to. */
export const aLengthOrBuffer: Kind = either(aWhole, aBuffer);

const aRangeNumber: Kind = {
  name: "a bigint or a whole number",
  accepts: (value) => typeof value === "bigint" || aWhole.accepts(value),
};

/** An offset or a length, in bytes. @param what for the message. @throws NbdError EINVAL for what is no whole number */
export function bytesOf(what: string, value: bigint | number): bigint {
  checkKind(what, value, aRangeNumber);
  return BigInt(value);
}
