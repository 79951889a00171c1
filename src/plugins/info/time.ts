/** Two clocks in µs: the time since 1970, which somebody may set and which steps by a millisecond, and one that only runs. */
export const microseconds: { wall(): bigint; steady(): bigint } = {
  wall: () => BigInt(Date.now()) * 1000n,
  steady: () => process.hrtime.bigint() / 1000n,
};

/** nbdkit-info-plugin(1), "mode=time": 64 bits of seconds and 32 bits of microseconds, big-endian. */
export function timeBytes(time: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigInt64BE(time / 1_000_000n, 0);
  bytes.writeInt32BE(Number(time % 1_000_000n), 8);
  return bytes;
}
