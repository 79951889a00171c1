import { describe, expect, it } from "vitest";
import { eachPiece } from "../../src/client/split.ts";
import { Deferred } from "../helpers/deferred.ts";

describe("eachPiece", () => {
  it("covers a buffer once, with a limited number of pieces in flight", async () => {
    const bytes = Buffer.alloc(1000);
    let [under, most] = [0, 0];
    await eachPiece(bytes, 3, async (piece, at) => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setImmediate(resolve));
      for (let index = 0; index < piece.length; index++) bytes[at + index]!++;
      under--;
    });
    expect(bytes.equals(Buffer.alloc(1000, 1))).toBe(true);
    expect(most).toBe(64);
    await eachPiece(Buffer.alloc(0), 3, () => Promise.reject(new Error("there is no piece")));
  });

  it("starts no piece after the first error, and throws the error when no piece is in flight", async () => {
    const slow = new Deferred<void>();
    const begun: number[] = [];
    const done = eachPiece(Buffer.alloc(1000), 10, async (_, at) => {
      begun.push(at);
      if (at === 0) throw new Error("the first piece failed");
      await slow.promise;
    });
    let settled = false;
    done.catch(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    slow.resolve();
    await expect(done).rejects.toThrow("the first piece failed");
    expect(begun.length).toBeLessThanOrEqual(64);
  });
});
