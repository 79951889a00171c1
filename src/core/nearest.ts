/**
 * The known name that was probably meant: the same but for case and separators, or with a few letters wrong, missing, added or
 * exchanged.
 * @param distanceMax how many letters. Default: one of three, and at least one
 */
export function nearest(
  name: string,
  known: readonly string[],
  distanceMax: number = Math.max(1, Math.floor(name.length / 3)),
): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distanceOf(plain(name), plain(candidate)) }))
    .sort((one, other) => one.distance - other.distance);
  return best !== undefined && best.distance <= distanceMax ? best.candidate : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}

/** The optimal string alignment distance: letters to replace, to leave out, to add, or to exchange with their neighbour. */
function distanceOf(one: string, other: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let at = 1; at <= other.length; at++) {
      const replaced = last[at - 1]! + (one[row - 1] === other[at - 1] ? 0 : 1);
      const isExchange =
        row > 1 && at > 1 && one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1];
      const exchanged = isExchange ? before[at - 2]! + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, exchanged, last[at]! + 1, current[at - 1]! + 1));
    }
    [before, last] = [last, current];
  }
  return last[other.length]!;
}
