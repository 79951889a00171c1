import { describe, expect, it } from "vitest";
import { Gate } from "../../src/core/gate.ts";
import { isPromise } from "../../src/core/maybe-promise.ts";

describe("Gate", () => {
  it("lets the first caller in at once", () => {
    const gate = new Gate();
    expect(isPromise(gate.enter())).toBe(false);
    gate.leave();
    expect(isPromise(gate.enter())).toBe(false);
  });

  it("lets the other callers in one at a time, in order of arrival", async () => {
    const gate = new Gate();
    const order: string[] = [];
    const visit = async (name: string): Promise<void> => {
      await gate.enter();
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
      gate.leave();
    };
    await Promise.all(["a", "b", "c"].map(visit));
    expect(order).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
    expect(isPromise(gate.enter())).toBe(false);
  });
});
