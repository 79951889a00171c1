import type { Random } from "../../src/testing/random.ts";

const interesting: readonly bigint[] = [
  0n,
  1n,
  4n,
  7n,
  0x7fn,
  0xffn,
  0x1000n,
  0x1001n,
  0x7fffn,
  0xffffn,
  0x10000n,
  2n ** 25n,
  2n ** 26n,
  2n ** 26n + 1n,
  2n ** 27n,
  2n ** 27n + 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 52n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Makes valid bytes invalid, in one to five places. */
export function mutate(random: Random, messages: readonly Buffer[]): Buffer[] {
  const mutated = messages.map((message) => Buffer.from(message));
  for (let count = random.between(1, 5); count > 0; count--) mutateOnce(random, mutated);
  return mutated;
}

function mutateOnce(random: Random, messages: Buffer[]): void {
  if (messages.length === 0) messages.push(random.bytes(8));
  const at = random.below(messages.length);
  const message = messages[at]!;
  switch (random.below(10)) {
    case 0:
    case 1:
      if (message.length > 0) message[random.below(message.length)]! ^= 1 << random.below(8);
      break;
    case 2:
    case 3:
    case 4:
      overwriteNumber(random, message);
      break;
    case 5:
      messages[at] = message.subarray(0, random.below(message.length + 1));
      break;
    case 6:
      messages.splice(random.below(messages.length + 1), 0, Buffer.from(message));
      break;
    case 7: {
      const other = random.below(messages.length);
      messages[at] = messages[other]!;
      messages[other] = message;
      break;
    }
    case 8:
      messages.splice(at, 1);
      break;
    default:
      messages[at] = Buffer.concat([message, random.bytes(random.between(1, 40))]);
  }
}

/** Overwrites a number: a length, an offset, a type, or any other field. */
function overwriteNumber(random: Random, message: Buffer): void {
  const width = random.pick([2, 4, 4, 8]);
  if (message.length < width) return;
  // Fields begin at even offsets.
  const at = 2 * random.below(Math.floor((message.length - width) / 2) + 1);
  const value = BigInt.asUintN(8 * width, random.oneIn(3) ? random.u64() : random.pick(interesting));
  if (width === 2) message.writeUInt16BE(Number(value), at);
  else if (width === 4) message.writeUInt32BE(Number(value), at);
  else message.writeBigUInt64BE(value, at);
}

/** Splits the stream at messages, at random positions, at every byte, or not at all. */
export function cut(random: Random, messages: readonly Buffer[]): Buffer[] {
  const whole = Buffer.concat(messages);
  const style = random.below(4);
  if (style === 0) return messages.filter((message) => message.length > 0);
  if (style === 1) return whole.length === 0 ? [] : [whole];
  const longest = style === 2 && whole.length < 3000 ? 1 : random.pick([3, 20, 100, 3000]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const length = random.between(1, longest);
    chunks.push(whole.subarray(at, at + length));
    at += length;
  }
  return chunks;
}
