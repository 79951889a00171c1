import { must } from "../../core/assert.ts";
import { SplitMix } from "../../core/split-mix.ts";
import type { ChangeBytes } from "../../kit/changing-bytes.ts";

export interface Evil {
  readonly mode: "cosmic-rays" | "stuck-bits" | "stuck-wires";
  /** The probability that a bit is flipped or stuck, 0 to 1. */
  readonly probability: number;
  /** The probability that a read sees the value of a stuck bit, 0 to 1. */
  readonly stuckProbability: number;
  /** 0 to 2^32-1 */
  readonly seed: number;
}

/** nbdkit's limits: a smaller probability is none, and with a larger one all bits are flipped or stuck. */
const [probabilityMin, probabilityMax] = [1e-12, 1 / 8];

/** The stuck bits of each block come from its own generator, so that each block can be read by itself. */
const blockBytes = 4096;

/** Returns what corrupts the bytes of reads, or undefined when nothing does. */
export function corruption(evil: Evil): ChangeBytes | undefined {
  const { mode, stuckProbability, seed } = evil;
  if (evil.probability < probabilityMin) return undefined;
  const probability = evil.probability > probabilityMax ? 1 : evil.probability;
  // Another seed than those of the blocks.
  const chance = new SplitMix(~BigInt(seed));
  if (mode === "cosmic-rays") return cosmicRays(probability, chance);
  const isStuck = (): boolean => stuckProbability === 1 || chance.fraction() < stuckProbability;
  const stick = sticking(probability, BigInt(seed) << 32n, isStuck);
  return mode === "stuck-bits" ? stick : (bytes) => stick(bytes, 0n);
}

function cosmicRays(probability: number, chance: SplitMix): ChangeBytes {
  /** The number of bits that clients read before the next one that is flipped. */
  let spared = gap(probability, chance);
  return (bytes) => {
    const bits = bytes.length * 8;
    for (; spared < bits; spared += 1 + gap(probability, chance)) {
      setBit(bytes, spared, !isHigh(bytes, spared));
    }
    spared -= bits;
  };
}

function sticking(probability: number, seed: bigint, isStuck: () => boolean): ChangeBytes {
  return (bytes, offset) => {
    const inside = Number(offset % BigInt(blockBytes));
    let block = offset / BigInt(blockBytes);
    for (let start = -inside; start < bytes.length; start += blockBytes) {
      const generator = new SplitMix(seed + block++);
      const end = Math.min(blockBytes, bytes.length - start) * 8;
      for (let bit = gap(probability, generator); bit < end; bit += 1 + gap(probability, generator)) {
        const high = generator.fraction() < 0.5;
        const at = start * 8 + bit;
        if (at >= 0 && isStuck()) setBit(bytes, at, high);
      }
    }
  };
}

/** Draws the number of bits before the next one that is hit. */
function gap(probability: number, generator: SplitMix): number {
  return Math.floor(Math.log(generator.fraction()) / Math.log1p(-probability));
}

function isHigh(bytes: Uint8Array, bit: number): boolean {
  return (must(bytes[bit >>> 3]) & (1 << (bit & 7))) !== 0;
}

function setBit(bytes: Uint8Array, bit: number, high: boolean): void {
  const mask = 1 << (bit & 7);
  const at = bit >>> 3;
  const before = must(bytes[at]);
  bytes[at] = high ? before | mask : before & ~mask;
}
