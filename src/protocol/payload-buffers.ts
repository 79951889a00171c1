/** Smaller payloads are cheap to make room for each time. */
const pooledBytesMin = 64 * 1024;
const pooledBytesMax = 1024 * 1024;

/** More payloads than this in pieces at once are a flood, whose memory is better given back. */
const spareMax = 8;

const spare: Buffer[] = [];

/**
 * Room for a payload that comes in pieces. A fresh megabyte costs more than to fill it, since the system hands it out page
 * by page; so those that are done with are used again.
 */
export function takePayloadBuffer(bytes: number): Buffer {
  if (bytes < pooledBytesMin || bytes > pooledBytesMax) return Buffer.allocUnsafeSlow(bytes);
  return spare.pop() ?? Buffer.allocUnsafeSlow(pooledBytesMax);
}

/** Nobody else may have kept any of it. */
export function returnPayloadBuffer(buffer: Buffer): void {
  if (buffer.length === pooledBytesMax && spare.length < spareMax) spare.push(buffer);
}
