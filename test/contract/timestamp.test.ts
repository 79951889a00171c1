import { expect, it } from "vitest";
import { timestamp } from "../../src/contract/timestamp.ts";

it("timestamp returns a time in UTC with microseconds, and never goes back", () => {
  const times = [timestamp(), timestamp()];
  for (const time of times) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    expect(new Date(`${time.slice(0, 23).replace(" ", "T")}Z`).toISOString().slice(0, 10)).toBe(
      time.slice(0, 10),
    );
  }
  expect([...times].sort()).toEqual(times);
});
