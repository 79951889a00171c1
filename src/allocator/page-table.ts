/** Compressed pages by page number. A page that is not in the table is all zeroes. */
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

  /** The size of all compressed pages, in bytes. */
  get storedBytes(): number {
    return [...this.#pages.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The stored pages from `first` to `last`, in order. The cost is bounded by the number of stored pages. */
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
