/** Blocks next to each other in the same state; `end` is not one of them. */
export interface BlockRun {
  readonly first: number;
  readonly end: number;
  readonly state: number;
}

/** All blocks below this are in the same state; else one byte for each, or parts of the next smaller size. */
type Node = number | Uint8Array | Node[];

/** So small that a block somewhere on a huge disk takes no more than 5 KB. */
const leafBlocks = 1024;
const fanOut = 64;
/** Enough for 2^52 blocks, which is more than any disk has. */
const rootLevel = 7;

/**
 * The states of the blocks of a disk, small numbers that are 0 at first. It takes memory only where states were set one
 * by one, a byte for each block; long ranges in one state cost nothing, however large the disk.
 */
export class BlockMap {
  #root: Node = 0;

  get(block: number): number {
    const { node, start } = this.#find(block);
    return typeof node === "number" ? node : node[block - start]!;
  }

  /** @param end not included */
  set(first: number, end: number, state: number): void {
    if (end > first) this.#root = replaced(this.#root, rootLevel, first, end, state);
  }

  /** All blocks from `first` to before `end`, in order. Changes meanwhile show only in what lies ahead. */
  *runs(first: number, end: number): Generator<BlockRun, void, void> {
    for (let at = first; at < end; ) {
      const run = { first: at, end: this.#endOfRun(at, end), state: this.get(at) };
      at = run.end;
      yield run;
    }
  }

  #endOfRun(block: number, limit: number): number {
    const state = this.get(block);
    for (let at = block; at < limit; ) {
      const { node, start, blocks } = this.#find(at);
      if (typeof node === "number") {
        if (node !== state) return at;
      } else {
        const other = node.subarray(at - start).findIndex((one) => one !== state);
        if (other >= 0) return Math.min(at + other, limit);
      }
      at = start + blocks;
    }
    return limit;
  }

  /** The smallest part that has the block, with its first block and how many it has. */
  #find(block: number): {
    readonly node: number | Uint8Array;
    readonly start: number;
    readonly blocks: number;
  } {
    let node = this.#root;
    let start = 0;
    let level = rootLevel;
    while (Array.isArray(node)) {
      const childBlocks = blocksAt(--level);
      const index: number = Math.floor((block - start) / childBlocks);
      start += index * childBlocks;
      node = node[index]!;
    }
    return { node, start, blocks: blocksAt(level) };
  }
}

function blocksAt(level: number): number {
  return leafBlocks * fanOut ** level;
}

/** The node with its blocks from `first` to before `end`, counted from its own first one, in another state. */
function replaced(node: Node, level: number, first: number, end: number, state: number): Node {
  if (node === state || (first === 0 && end === blocksAt(level))) return state;
  if (level === 0) {
    const leaf = typeof node === "number" ? new Uint8Array(leafBlocks).fill(node) : (node as Uint8Array);
    return leaf.fill(state, first, end);
  }
  const children = typeof node === "number" ? new Array<Node>(fanOut).fill(node) : (node as Node[]);
  const childBlocks = blocksAt(level - 1);
  for (let index = Math.floor(first / childBlocks); index * childBlocks < end; index++) {
    const start = index * childBlocks;
    const from = Math.max(first - start, 0);
    const to = Math.min(end - start, childBlocks);
    children[index] = replaced(children[index]!, level - 1, from, to, state);
  }
  return children;
}
