import { describe, expect, it } from "vitest";
import evil from "../../src/filters/evil.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { overMemory } from "./disks.ts";

const filters = [evil];
const diskBytes = 100_000;

// With corrupted bytes, no filter would keep the contract.
testPlugin("evil without evil bits", { ...overMemory(evil, { "evil-probability": "1e-13" }), runs: 5 });

async function start(parameters: Record<string, string>, bytes: Buffer = Buffer.alloc(diskBytes)) {
  const fake = new RecordingFake(bytes);
  const given = { "evil-seed": "1", ...parameters };
  const session = await TestedChain.start({ plugin: fake.plugin, filters, parameters: given });
  return { session, disk: await session.open(), fake };
}

/** The differences to the disk below, which is all zeroes or all ones, as a number of bits. */
function wrongBits(bytes: Buffer, right = 0): number {
  return bytes.reduce(
    (sum, byte) =>
      sum +
      Number(byte ^ right)
        .toString(2)
        .replaceAll("0", "").length,
    0,
  );
}

async function read(parameters: Record<string, string>, bytes?: Buffer): Promise<Buffer> {
  const { session, disk } = await start(parameters, bytes);
  await using _ = session;
  return contents(disk);
}

describe("evil", () => {
  it.each([
    ["cosmic-rays", 1],
    ["stuck-bits", 0.5],
    ["stuck-wires", 0.5],
  ])("evil=%s hits as many bits as evil-probability says", async (mode, share) => {
    for (const probability of [0.1, 0.01, 0.001]) {
      const wrong = wrongBits(await read({ evil: mode, "evil-probability": String(probability) }));
      const expected = diskBytes * 8 * probability * share;
      expect(Math.abs(wrong / expected - 1)).toBeLessThan(0.3);
    }
  });

  it.each(["cosmic-rays", "stuck-bits", "stuck-wires"])("evil=%s hits nothing, or all", async (mode) => {
    const zeroes = Buffer.alloc(diskBytes);
    expect(wrongBits(await read({ evil: mode, "evil-probability": "0" }))).toBe(0);
    const all = await read({ evil: mode, "evil-probability": "0.2" });
    if (mode === "cosmic-rays") expect(all.equals(zeroes.fill(255))).toBe(true);
    const ones = await read({ evil: mode, "evil-probability": "0.2" }, Buffer.alloc(diskBytes, 255));
    // All bits are stuck, so that the data below has no effect.
    if (mode !== "cosmic-rays") expect(ones.equals(all)).toBe(true);
  });

  it.each(["cosmic-rays", "stuck-bits", "stuck-wires"])("evil=%s depends on the seed only", async (mode) => {
    const parameters = { evil: mode, "evil-probability": "0.01" };
    const one = await read({ ...parameters, "evil-seed": "5" });
    expect((await read({ ...parameters, "evil-seed": "0x5" })).equals(one)).toBe(true);
    expect((await read({ ...parameters, "evil-seed": "6" })).equals(one)).toBe(false);
  });

  async function twice(disk: ServedExport, offset = 0n): Promise<readonly [Buffer, Buffer]> {
    return [await contents(disk, 0n, 10_000), await contents(disk, offset, 10_000)];
  }

  it("evil=cosmic-rays flips other bits in each read", async () => {
    const { session, disk } = await start({ evil: "cosmic-rays", "evil-probability": "0.01" });
    await using _ = session;
    const [one, two] = await twice(disk);
    expect(one.equals(two)).toBe(false);
  });

  it("evil=stuck-bits is about bits of the disk, whatever part is read", async () => {
    const { session, disk } = await start({ "evil-probability": "0.1" });
    await using _ = session;
    const whole = await contents(disk);
    const random = new Random(2);
    for (let count = 0; count < 50; count++) {
      const offset = random.below(diskBytes);
      const length = random.between(1, Math.min(9000, diskBytes - offset));
      const part = await contents(disk, BigInt(offset), length);
      expect(part.equals(whole.subarray(offset, offset + length))).toBe(true);
    }
  });

  it("evil=stuck-wires is about places in replies, whatever is read", async () => {
    const { session, disk } = await start({ evil: "stuck-wires", "evil-probability": "0.01" });
    await using _ = session;
    const [one, two] = await twice(disk, 12_345n);
    expect(one.equals(two)).toBe(true);
    expect(wrongBits(one)).toBeGreaterThan(0);
  });

  it("evil-stuck-probability lets reads see the right values of stuck bits", async () => {
    const { session, disk } = await start({ "evil-probability": "0.1", "evil-stuck-probability": "1:2" });
    await using _ = session;
    const [one, two] = await twice(disk);
    expect(one.equals(two)).toBe(false);
    const always = await read({ "evil-probability": "0.1" });
    const half = wrongBits(one) / wrongBits(always.subarray(0, one.length));
    expect(Math.abs(half - 0.5)).toBeLessThan(0.15);
    const never = await read({ "evil-probability": "0.1", "evil-stuck-probability": "0%" });
    expect(wrongBits(never)).toBe(0);
  });

  it("evil does not change what is written", async () => {
    const { session, disk, fake } = await start({ "evil-probability": "1" });
    await using _ = session;
    await disk.write(Buffer.from("right"), 10n, false);
    expect(fake.bytes.subarray(10, 15).toString()).toBe("right");
  });

  it.each([
    [{ evil: "x" }, "unknown evil mode: x"],
    [{ "evil-probability": "2" }, "evil-probability: probability out of range, should be [0..1]"],
    [{ "evil-probability": "1:0" }, "evil-probability: could not parse probability"],
    [{ "evil-stuck-probability": "101%" }, "evil-stuck-probability: probability out of range"],
    [{ "evil-seed": "-1" }, "evil-seed: negative numbers are not allowed"],
    [{ "evil-seed": "4294967296" }, "evil-seed: 4294967296 is out of range"],
  ])("evil refuses %j", async (parameters, refusal) => {
    await expect(start(parameters as Record<string, string>)).rejects.toThrow(refusal);
  });
});
