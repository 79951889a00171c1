import { describe, expect, it } from "vitest";
import { answer, inSteps, type Steps } from "../../src/core/maybe-promise.ts";

describe("inSteps", () => {
  it("returns the result at once when no step yields a promise", () => {
    const steps = function* (): Steps<number> {
      yield undefined;
      return (yield* answer(1)) + 1;
    };
    expect(inSteps(steps())).toBe(2);
  });

  it("awaits promises, and throws their errors at the yield", async () => {
    const said: string[] = [];
    const steps = function* (): Steps<number> {
      try {
        yield Promise.reject(new Error("failed"));
      } catch (error) {
        said.push(String(error));
      } finally {
        said.push("finally");
      }
      yield undefined;
      return (yield* answer(Promise.resolve(1))) + 1;
    };
    await expect(inSteps(steps())).resolves.toBe(2);
    expect(said).toEqual(["Error: failed", "finally"]);
  });

  it("rejects with an error that the generator does not catch", async () => {
    const steps = function* (): Steps {
      yield Promise.reject(new Error("failed"));
    };
    await expect(inSteps(steps())).rejects.toThrow("failed");
  });
});
