/** Compressed pages by their number; what is not in it is zeroes. */
export class PageTable {
  readonly #pages: Map<number, Uint8Array> = new Map();

  get(page: number): Uint8Array | undefined {
    return this.#pages.get(page);
  }

  set(page: number, bytes: Uint8Array): void {
    this.#pages.set(page, bytes);
  }

  delete(page: number): void {
    this.#pages.delete(page);
  }

  clear(): void {
    this.#pages.clear();
  }

  /** The memory that the pages take, in bytes. */
  get storedBytes(): number {
    return [...this.#pages.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The pages that exist from `first` to `last`, in order; quick for ranges of any length. */
  within(first: number, last: number): readonly number[] {
    if (last - first > this.#pages.size) {
      const inside = [...this.#pages.keys()].filter((page) => page >= first && page <= last);
      return inside.sort((a, b) => a - b);
    }
    const found: number[] = [];
    for (let page = first; page <= last; page++) if (this.#pages.has(page)) found.push(page);
    return found;
  }
}
