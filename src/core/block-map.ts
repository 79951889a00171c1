import { assert, must } from "./assert.ts";

// The map is a tree. A node whose blocks all have the same state is stored as that number. A leaf with
// several states is an array of one byte per block, and an inner node with several states is an array of 64
// child nodes. Memory therefore grows with the number of places where the state changes, not with the size of
// the disk.

/** Consecutive blocks in the same state; `end` is the block after the last one. */
export interface BlockRun {
  readonly first: number;
  readonly end: number;
  readonly state: number;
}

/**
 * A number when all blocks of the node have that state; otherwise one byte per block (leaf) or the child
 * nodes.
 */
type Node = number | Uint8Array | Node[];

/** A small leaf: one changed block anywhere on a huge disk takes at most 5 KB. */
const leafBlocks = 1024;
const fanOut = 64;
/** Seven levels hold 2^52 blocks, which is more than any disk has. */
const rootLevel = 7;

/**
 * The states of the blocks of a disk. States are small numbers and are 0 at first. Memory is used only where
 * neighbouring blocks have different states, one byte per block; a long range in one state takes none,
 * however large the disk is.
 */
export class BlockMap {
  #root: Node = 0;

  get(block: number): number {
    const { node, start } = this.#find(block);
    return typeof node === "number" ? node : must(node[block - start]);
  }

  /** The state that all of the blocks have; undefined where they differ. */
  common(first: number, end: number): number | undefined {
    return end - first === 1 || this.#endOfRun(first, end) === end ? this.get(first) : undefined;
  }

  /** @param end the block after the last one */
  set(first: number, end: number, state: number): void {
    if (end > first) this.#root = replaced(this.#root, rootLevel, first, end, state);
  }

  /**
   * Yields the runs that cover the blocks from `first` to before `end`, in order. A change during the
   * iteration affects only runs that have not been yielded.
   */
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

  /** The number or leaf that holds the block, its first block and its number of blocks. */
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
      node = must(node[index]);
    }
    return { node, start, blocks: blocksAt(level) };
  }
}

/** The state of a node whose blocks are all the same. */
function numberOf(node: Node): number {
  assert(typeof node === "number");
  return node;
}

function blocksAt(level: number): number {
  return leafBlocks * fanOut ** level;
}

/**
 * Sets the blocks from `first` to before `end`, counted from the node's first block, and returns the new
 * node.
 */
function replaced(node: Node, level: number, first: number, end: number, state: number): Node {
  if (node === state || (first === 0 && end === blocksAt(level))) return state;
  if (level === 0) {
    const leaf = node instanceof Uint8Array ? node : new Uint8Array(leafBlocks).fill(numberOf(node));
    return leaf.fill(state, first, end);
  }
  const children = Array.isArray(node) ? node : new Array<Node>(fanOut).fill(node);
  const childBlocks = blocksAt(level - 1);
  for (let index = Math.floor(first / childBlocks); index * childBlocks < end; index++) {
    const start = index * childBlocks;
    const from = Math.max(first - start, 0);
    const to = Math.min(end - start, childBlocks);
    children[index] = replaced(must(children[index]), level - 1, from, to, state);
  }
  return children;
}
