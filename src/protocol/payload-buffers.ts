/** Bytes. Smaller buffers are cheap to allocate, and larger ones are rare. */
const pooledBytesMin = 64 * 1024;
const pooledBytesMax = 1024 * 1024;

/**
 * Bytes to allocate beyond those that have arrived. The announced length is not trusted: a client may
 * announce a payload and never send it.
 */
const aheadBytes = 16 * 1024;

/** Unused buffers to keep. More would only be needed by a flood of requests; their memory is freed. */
const spareMax = 8;

const spare: Buffer[] = [];

/**
 * Returns a buffer for a payload that arrives in pieces. Buffers are reused, because the kernel maps a new
 * megabyte page by page, which costs more than filling it.
 * @param arrived bytes of the payload that have arrived
 * @returns a buffer that may be smaller than `bytes` and has to grow then
 */
export function takePayloadBuffer(bytes: number, arrived: number): Buffer {
  if (bytes >= pooledBytesMin) {
    const fitting = spare.findIndex((buffer) => buffer.length >= bytes);
    // Not undefined: the index is one of the list.
    if (fitting >= 0) return spare.splice(fitting, 1)[0]!;
  }
  return Buffer.allocUnsafeSlow(Math.min(bytes, 4 * arrived + aheadBytes));
}

/** Returns a buffer to the pool. The caller must not keep any view of it. */
export function returnPayloadBuffer(buffer: Buffer): void {
  if (buffer.length < pooledBytesMin || buffer.length > pooledBytesMax) return;
  if (spare.length < spareMax) spare.push(buffer);
}
