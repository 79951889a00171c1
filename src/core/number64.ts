/**
 * An unsigned number of 64 bits in two halves, each a signed number of 32 bits. It is much faster than a
 * bigint, since nothing is allocated.
 */
export class Number64 {
  low: number;
  high: number;

  /** @param value only its lowest 64 bits count */
  constructor(value: bigint = 0n) {
    this.low = Number(BigInt.asIntN(32, value));
    this.high = Number(BigInt.asIntN(32, value >> 32n));
  }

  set({ low, high }: Number64): void {
    this.low = low;
    this.high = high;
  }

  add({ low, high }: Number64): void {
    const sum = (this.low + low) | 0;
    const carry = sum >>> 0 < low >>> 0 ? 1 : 0;
    this.high = (this.high + high + carry) | 0;
    this.low = sum;
  }

  /** Changes each bit with a probability of one half: the output function of splitmix64. */
  mix(): void {
    this.xorShifted(30);
    this.multiply(0x1ce4e5b9, 0xbf58476d);
    this.xorShifted(27);
    this.multiply(0x133111eb, 0x94d049bb);
    this.xorShifted(31);
  }

  /** XORs the number with itself, shifted right. @param bits 1 to 31 */
  xorShifted(bits: number): void {
    const low = (this.low >>> bits) | (this.high << (32 - bits));
    this.low ^= low;
    this.high ^= this.high >>> bits;
  }

  /** Rotates to the left. @param bits 1 to 31 */
  rotate(bits: number): void {
    const low = (this.low << bits) | (this.high >>> (32 - bits));
    this.high = (this.high << bits) | (this.low >>> (32 - bits));
    this.low = low;
  }

  /** Multiplies by a number of 64 bits, given in halves. */
  multiply(low: number, high: number): void {
    // Products of quarters fit 32 bits, without a sign; only their bits count.
    const first = this.low & 0xffff;
    const second = this.low >>> 16;
    const other = low & 0xffff;
    const another = low >>> 16;
    const middle = (Math.imul(second, other) + (Math.imul(first, other) >>> 16)) | 0;
    const carry = (Math.imul(first, another) + (middle & 0xffff)) >>> 16;
    const rest = Math.imul(this.high, low) + Math.imul(this.low, high);
    this.high = (Math.imul(second, another) + (middle >>> 16) + carry + rest) | 0;
    this.low = Math.imul(this.low, low);
  }
}
