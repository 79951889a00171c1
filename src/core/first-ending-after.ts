/** Binary search in ranges that are in order: the index of the first one that ends after an offset. */
export function firstEndingAfter(
  ranges: readonly { readonly offset: bigint; readonly length: bigint }[],
  offset: bigint,
): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined || range.offset + range.length > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
