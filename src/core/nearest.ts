import { must } from "./assert.ts";

/**
 * Returns the known name that the user probably meant: equal but for case and separators, or with a few
 * letters wrong, missing, added or exchanged.
 *
 * @param distanceMax the maximum number of wrong letters. Default: a third of the letters, at least one
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

/**
 * The optimal string alignment distance: the number of letters to replace, delete, insert, or exchange with a
 * neighbour.
 */
function distanceOf(one: string, other: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let at = 1; at <= other.length; at++) {
      const replaced = must(last[at - 1]) + (one[row - 1] === other[at - 1] ? 0 : 1);
      const isExchange =
        row > 1 && at > 1 && one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1];
      const exchanged = isExchange ? must(before[at - 2]) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, exchanged, must(last[at]) + 1, must(current[at - 1]) + 1));
    }
    [before, last] = [last, current];
  }
  return must(last[other.length]);
}
