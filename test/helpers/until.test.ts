import { expect, it } from "vitest";
import { until } from "./until.ts";

it("until returns the first value that is not empty", async () => {
  const values = [undefined, 0, Number.NaN, false, "found", "later"];
  expect(await until("a value", () => values.shift())).toBe("found");
  expect(values).toEqual(["later"]);
});

it("until waits for the answer of each look", async () => {
  const answers = [false, true];
  expect(await until("the second answer", async () => answers.shift())).toBe(true);
});

it("until names the condition that never holds", async () => {
  await expect(until("a miracle", () => false, 20)).rejects.toThrow("waited 0.02 s in vain for a miracle");
});

it("until passes on the error of a look", async () => {
  const broken = (): boolean => {
    throw new Error("broken");
  };
  await expect(until("a value", broken)).rejects.toThrow("broken");
});
