const methods = ["alloc", "allocUnsafe", "allocUnsafeSlow"] as const;

/** Runs something, and counts the bytes of all buffers that were allocated meanwhile. */
export async function countAllocated(action: () => Promise<void>): Promise<number> {
  const originals = methods.map((method) => Buffer[method]);
  let bytes = 0;
  methods.forEach((method, index) => {
    Buffer[method] = ((size: number, ...rest: []) => {
      bytes += size;
      return originals[index]!(size, ...rest);
    }) as (typeof Buffer)[typeof method];
  });
  try {
    await action();
  } finally {
    methods.forEach((method, index) => {
      Buffer[method] = originals[index] as (typeof Buffer)[typeof method];
    });
  }
  return bytes;
}
