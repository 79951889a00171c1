/**
 * Two clocks in µs. `wall` is the time since 1970; the user may set it, and its resolution is one
 * millisecond. `steady` is the monotonic clock.
 */
export const microseconds: { wall(): bigint; steady(): bigint } = {
  wall: () => BigInt(Date.now()) * 1000n,
  steady: () => process.hrtime.bigint() / 1000n,
};

/**
 * Encodes a time in µs as 64 bits of seconds and 32 bits of microseconds, big-endian (nbdkit-info-plugin(1),
 * "mode=time").
 */
export function timeBytes(time: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigInt64BE(time / 1_000_000n, 0);
  bytes.writeInt32BE(Number(time % 1_000_000n), 8);
  return bytes;
}
