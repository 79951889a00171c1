import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inSteps, isPromise, type Steps } from "../../src/core/maybe-promise.ts";
import { RangeGate } from "../../src/core/range-gate.ts";

/** Records when it has entered the gate, and leaves when the test calls `leave`. */
class Visitor {
  readonly gone: PromiseLike<void> | void;
  leave!: () => void;

  constructor(gate: RangeGate, first: number, end: number, shared: boolean, said: string[], name: string) {
    const leaving = new Promise<void>((resolve) => {
      this.leave = resolve;
    });
    this.gone = inSteps(
      gate.hold(first, end, shared, function* (): Steps {
        said.push(name);
        yield leaving;
      }),
    );
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
    expect(said.at(-1)).toBe("shared");
    for (const visitor of [other, shared]) visitor.leave();
  });

  it("returns no promise when the range is free, and is left after an error", () => {
    const gate = new RangeGate();
    const fail = function* (): Steps {
      yield undefined;
      throw new Error("failed");
    };
    const pass = function* (): Steps {
      yield undefined;
    };
    expect(() => inSteps(gate.hold(0, 1, false, fail))).toThrow("failed");
    expect(inSteps(gate.hold(0, 1, false, pass))).toBe(undefined);
  });

  it("enter works without a generator, and leaving twice does not release the claim of another request", async () => {
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
