import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { isPromise } from "../../src/core/maybe-promise.ts";
import { RangeGate } from "../../src/core/range-gate.ts";

/** Records when it has entered the gate, and leaves when the test calls `leave`. */
class Visitor {
  readonly gone: Promise<void>;
  leave!: () => void;

  constructor(gate: RangeGate, first: number, end: number, shared: boolean, said: string[], name: string) {
    const leaving = new Promise<void>((resolve) => {
      this.leave = resolve;
    });
    this.gone = gate.hold(first, end, shared, async () => {
      said.push(name);
      await leaving;
    });
  }
}

describe("RangeGate", () => {
  it("lets requests without overlap in at once, and the others in order of arrival", async () => {
    const gate = new RangeGate();
    const said: string[] = [];
    const enter = (first: number, end: number, shared: boolean, name: string) =>
      new Visitor(gate, first, end, shared, said, name);
    const writer = enter(0, 10, false, "writer");
    const elsewhere = enter(10, 20, false, "elsewhere");
    const reader = enter(5, 6, true, "reader");
    const second = enter(0, 15, false, "second");
    const other = enter(5, 6, true, "other reader");
    await setImmediate();
    expect(said).toEqual(["writer", "elsewhere"]);
    writer.leave();
    await writer.gone;
    await setImmediate();
    expect(said.splice(0)).toEqual(["writer", "elsewhere", "reader"]);
    elsewhere.leave();
    await elsewhere.gone;
    await setImmediate();
    expect(said).toEqual([]);
    reader.leave();
    await reader.gone;
    second.leave();
    await second.gone;
    await setImmediate();
    expect(said).toEqual(["second", "other reader"]);
    const shared = enter(5, 6, true, "shared");
    await setImmediate();
    expect(said.at(-1)).toBe("shared");
    for (const visitor of [other, shared]) visitor.leave();
  });

  it("hold leaves the range also after an error", async () => {
    const gate = new RangeGate();
    const fail = async (): Promise<void> => {
      throw new Error("failed");
    };
    await expect(gate.hold(0, 1, false, fail)).rejects.toThrow("failed");
    expect(gate.isFree(0, 1)).toBe(true);
    await gate.hold(0, 1, false, async () => expect(gate.isFree(0, 1, true)).toBe(false));
    expect(isPromise(gate.enter(0, 1))).toBe(false);
  });

  it("isFree counts overlapping requests that hold or wait, and shared requests only against exclusive ones", async () => {
    const gate = new RangeGate();
    const leave = await gate.enter(0, 10, true);
    expect([gate.isFree(5, 6), gate.isFree(5, 6, true), gate.isFree(10, 11)]).toEqual([false, true, true]);
    const waiting = gate.enter(5, 6);
    expect([gate.isFree(5, 6, true), gate.isFree(6, 7, true)]).toEqual([false, true]);
    leave();
    (await waiting)();
    expect(gate.isFree(0, 10)).toBe(true);
  });

  it("enter works without hold, and leaving twice does not release the claim of another request", async () => {
    const gate = new RangeGate();
    const leave = gate.enter(0, 2);
    expect(isPromise(leave)).toBe(false);
    const said: string[] = [];
    const [second, third] = ["second", "third"].map(async (name) => {
      const left = await gate.enter(1, 3);
      said.push(name);
      return left;
    });
    (await leave)();
    (await leave)();
    const leaveSecond = await second!;
    (await leave)();
    await setImmediate();
    expect(said).toEqual(["second"]);
    leaveSecond();
    (await third!)();
    expect(said).toEqual(["second", "third"]);
    expect(isPromise(gate.enter(0, 9, true)) || isPromise(gate.enter(5, 6, true))).toBe(false);
  });
});
