import { readPiecesMax } from "./limits.ts";
import { violation } from "./violation.ts";

/**
 * Tracks which bytes of a read have arrived. Pieces may arrive in any order, but no byte twice. Positions are
 * relative to the start of the read.
 */
export class Coverage {
  /** Disjoint, sorted and never adjacent. */
  readonly #pieces: { start: number; end: number }[] = [];

  /** @throws NbdError EPROTO when a byte arrives twice */
  add(start: number, end: number): void {
    const pieces = this.#pieces;
    const at = this.#firstAfter(start);
    const before = pieces[at - 1];
    const after = pieces[at];
    if ((before !== undefined && before.end > start) || (after !== undefined && after.start < end)) {
      throw violation("chunks of one read overlap");
    }
    const touchesBefore = before?.end === start;
    const touchesAfter = after?.start === end;
    if (touchesBefore && touchesAfter) {
      before.end = after.end;
      pieces.splice(at, 1);
    } else if (touchesBefore) before.end = end;
    else if (touchesAfter) after.start = start;
    else this.#insert(at, start, end);
  }

  /** Tells whether every byte from 0 to `length` has arrived. */
  isComplete(length: number): boolean {
    const [first] = this.#pieces;
    return length === 0 || (this.#pieces.length === 1 && first?.start === 0 && first.end === length);
  }

  #insert(at: number, start: number, end: number): void {
    if (this.#pieces.length === readPiecesMax)
      throw violation(`a read in more than ${readPiecesMax} scattered pieces`);
    this.#pieces.splice(at, 0, { start, end });
  }

  #firstAfter(start: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Not undefined: `middle` is at least `low` and less than `high`.
      if (this.#pieces[middle]!.start > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
