const methods = ["alloc", "allocUnsafe", "allocUnsafeSlow"] as const;

/** Runs an action and returns the bytes of all buffers that it allocates. */
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
