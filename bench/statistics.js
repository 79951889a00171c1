export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median of the ratios within each round. Load that slows the machine for a while slows both servers of a
 * round.
 */
export function medianRatio(ours, theirs) {
  return median(ours.map((value, round) => value / theirs[round]));
}
