/** Smaller payloads are cheap to make room for each time, larger ones rare. */
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
  if (bytes >= pooledBytesMin) {
    const fitting = spare.findIndex((buffer) => buffer.length >= bytes);
    if (fitting >= 0) return spare.splice(fitting, 1)[0]!;
  }
  return Buffer.allocUnsafeSlow(Math.min(bytes, 4 * arrived + aheadBytes));
}

/** Nobody else may have kept any of it. */
export function returnPayloadBuffer(buffer: Buffer): void {
  if (buffer.length < pooledBytesMin || buffer.length > pooledBytesMax) return;
  if (spare.length < spareMax) spare.push(buffer);
}
