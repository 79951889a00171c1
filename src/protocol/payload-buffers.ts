/** Smaller payloads are cheap to make room for each time. */
const pooledBytesMin = 64 * 1024;
const pooledBytesMax = 1024 * 1024;

/** Who announces a payload has not sent it: there is room for so much more than has arrived. */
const aheadBytes = 16 * 1024;

/** More payloads than this in pieces at once are a flood, whose memory is better given back. */
const spareMax = 8;

const spare: Buffer[] = [];

/**
 * Room for a payload that comes in pieces. A fresh megabyte costs more than to fill it, since the system hands it out page
 * by page; so those that are done with are used again.
 * @param arrived bytes of it that are there
 * @returns perhaps less than `bytes`, which then has to grow
 */
export function takePayloadBuffer(bytes: number, arrived: number): Buffer {
  const pooled = bytes >= pooledBytesMin && bytes <= pooledBytesMax;
  if (pooled && spare.length > 0) return spare.pop()!;
  const worthwhile = 4 * arrived + aheadBytes;
  return Buffer.allocUnsafeSlow(
    pooled && worthwhile >= pooledBytesMax ? pooledBytesMax : Math.min(bytes, worthwhile),
  );
}

/** Nobody else may have kept any of it. */
export function returnPayloadBuffer(buffer: Buffer): void {
  if (buffer.length === pooledBytesMax && spare.length < spareMax) spare.push(buffer);
}
