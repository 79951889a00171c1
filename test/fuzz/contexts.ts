/** The metadata contexts of the fuzzed server; the last has states of 64 bits. */
export const [allocation, dirty, age] = ["base:allocation", "x-fuzz:dirty", "x-fuzz:age"] as const;
export const fuzzedContexts: readonly string[] = [allocation, dirty, age];
