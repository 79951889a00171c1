import { describe, expect, it } from "vitest";
import fua from "../../src/filters/fua.ts";
import memory from "../../src/plugins/memory.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { RecordingFake, type WitnessOptions } from "../helpers/recording-fake.ts";

const filters = [fua];
const withoutFua: WitnessOptions = { nativeFua: false };
const neither: WitnessOptions = { nativeFua: false, without: ["flush"] };
const modes = ["none", "emulate", "native", "force", "pass", "discard"];

for (const fuamode of modes) {
  testPlugin(`fuamode=${fuamode}`, {
    plugin: memory,
    filters,
    parameters: { size: "300001", fuamode },
    runs: 5,
  });
}

async function asked(parameters: Record<string, string>, options: WitnessOptions = {}) {
  const fake = new RecordingFake(Buffer.alloc(1000), options);
  await using session = await TestedChain.start({ plugin: fake.plugin, filters, parameters });
  const disk = await session.open();
  const { canFua, canFlush } = disk;
  await disk.write(Buffer.alloc(10), 0n, false);
  if (canFua) {
    await disk.write(Buffer.alloc(10), 10n, true);
    await disk.trim(0n, 10, true);
    await disk.zero(0n, 10, { fua: true, mayTrim: false, fastZero: false });
  }
  await disk.flush();
  const calls = fake.take();
  await session.close(disk);
  return { canFua, canFlush, calls, atClose: fake.take() };
}

describe("fua", () => {
  const native = ["write 0+10", "write 10+10 fua", "trim 0+10 fua", "zero 0+10 fua", "flush"];
  const flushed = ["write 0+10", "write 10+10", "flush", "trim 0+10", "flush", "zero 0+10", "flush", "flush"];

  it.each([
    ["none", {}, false, ["write 0+10", "flush"]],
    ["emulate", {}, true, flushed],
    ["emulate", withoutFua, true, flushed],
    ["native", {}, true, native],
    ["native", withoutFua, true, flushed],
    ["force", {}, true, ["write 0+10 fua", ...native.slice(1, -1)]],
    ["force", withoutFua, true, ["write 0+10", "flush", ...flushed.slice(1, -1)]],
    ["pass", {}, true, native],
    ["pass", withoutFua, true, flushed],
    ["discard", {}, true, ["write 0+10", "write 10+10", "trim 0+10", "zero 0+10"]],
    ["discard", neither, true, ["write 0+10", "write 10+10", "trim 0+10", "zero 0+10"]],
  ] as const)("fuamode=%s over %j sends the expected requests", async (fuamode, options, canFua, calls) => {
    expect(await asked({ fuamode }, options)).toEqual({ canFua, canFlush: true, calls, atClose: [] });
  });

  it("fua offers no FUA by default", async () => {
    expect(await asked({})).toMatchObject({ canFua: false });
  });

  it("flush-on-close flushes when a client disconnects", async () => {
    const flushing = { "flush-on-close": "yes" };
    expect((await asked({ fuamode: "pass", ...flushing })).atClose).toEqual(["flush"]);
    expect((await asked({ fuamode: "discard", ...flushing })).atClose).toEqual(["flush"]);
  });

  it("flush-on-close refuses a disk that cannot flush", async () => {
    const parameters = { fuamode: "pass", "flush-on-close": "yes" };
    await expect(asked(parameters, neither)).rejects.toThrow("flush-on-close requires plugin flush support");
  });

  it("fua accepts fua-mode= as an alias of fuamode=", async () => {
    expect(await asked({ "fua-mode": "pass" })).toMatchObject({ canFua: true });
  });

  it.each(["emulate", "native", "force"])("fuamode=%s needs a disk that can flush", async (fuamode) => {
    await expect(asked({ fuamode }, neither)).rejects.toThrow(`fuamode '${fuamode}' requires plugin`);
  });
});
