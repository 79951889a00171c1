/** The metadata contexts of the fuzzed server. The last one has 64-bit states. */
export const [allocation, dirty, age] = ["base:allocation", "x-fuzz:dirty", "x-fuzz:age"] as const;
export const fuzzedContexts: readonly string[] = [allocation, dirty, age];
