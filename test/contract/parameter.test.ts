import { describe, expect, it } from "vitest";
import { Component } from "../../src/chain/component.ts";
import {
  boolean,
  catchAll,
  choice,
  delay,
  descriptor,
  integer,
  list,
  once,
  type Parameters,
  probability,
  size,
  text,
} from "../../src/contract/parameter.ts";
import { silentHost } from "../helpers/hosts.ts";

const parameters = {
  size: size({ required: true, help: "" }),
  flag: boolean({ help: "" }),
  count: integer({ min: 1, max: 9, default: 5, help: "" }),
  wait: delay({ default: 10, help: "" }),
  chance: probability({ help: "" }),
  name: text({ help: "" }),
  mode: choice(["fast", "slow"], { default: "slow", help: "" }),
  fd: descriptor({ help: "" }),
  block: size({ min: 512n, max: 4096n, powerOfTwo: true, help: "" }),
  room: size({ min: 1024n, help: "" }, (key, bytes) => `${key} of ${bytes} is not enough`),
  part: list((word) => word.toUpperCase(), { help: "" }),
} satisfies Parameters;

/** Returns the values that a plugin with these parameters receives. */
async function valuesOf(...given: (readonly [key: string, text: string])[]): Promise<unknown> {
  const component = new Component(
    { name: "test", parameters, open: () => ({ size: 0n, read: () => {} }) },
    silentHost,
  );
  for (const [key, text] of given) expect(component.config(key, text)).toBe(true);
  await component.configComplete();
  return component.state;
}

describe("declared parameters", () => {
  it("are parsed to values of their types", async () => {
    const values = await valuesOf(
      ["size", "1k"],
      ["flag", "yes"],
      ["count", "0x7"],
      ["wait", "2s"],
      ["chance", "50%"],
      ["name", " = "],
      ["mode", "fast"],
      ["fd", "3"],
      ["block", "2k"],
    );
    expect(values).toEqual({
      size: 1024n,
      flag: true,
      count: 7,
      wait: 2000,
      chance: 0.5,
      name: " = ",
      mode: "fast",
      fd: 3,
      block: 2048n,
    });
  });

  it("have their default values, and are absent without a default", async () => {
    expect(await valuesOf(["size", "0"])).toEqual({ size: 0n, count: 5, wait: 10, mode: "slow" });
  });

  it("keep the last value of a repeated key", async () => {
    expect(await valuesOf(["size", "1"], ["size", "2"])).toMatchObject({ size: 2n });
  });

  it("keep all values of a repeated key where they are declared as a list", async () => {
    const values = await valuesOf(["size", "1"], ["part", "b"], ["part", "a"]);
    expect(values).toMatchObject({ part: ["B", "A"] });
  });

  it("are an error when they are required and missing", async () => {
    await expect(valuesOf()).rejects.toThrow("you must specify size=<SIZE> on the command line");
  });

  it.each([
    ["size", "x", "could not parse size string: x"],
    ["flag", "x", "could not decipher boolean (x)"],
    ["count", "10", "count: 10 is out of range: use 1 to 9"],
    ["wait", "x", "wait: could not parse delay"],
    ["chance", "x", "chance: could not parse probability"],
    ["mode", "x", "unknown mode mode: x: use fast, slow"],
    ["fd", "2", "file descriptor must be > 2"],
    ["block", "256", "block=256: use 512 to 4K, a power of 2"],
    ["block", "8k", "block=8k: use 512 to 4K, a power of 2"],
    ["block", "1000", "block=1000: use 512 to 4K, a power of 2"],
    ["room", "1000", "room of 1000 is not enough"],
    ["fd", "-1", "fd: negative numbers are not allowed"],
  ])("refuse %s=%s with words that say what would work", async (key, value, message) => {
    await expect(valuesOf([key, value])).rejects.toThrow(message);
  });

  it("accept only declared keys", () => {
    const component = new Component(
      { name: "test", parameters, open: () => ({ size: 0n, read: () => {} }) },
      silentHost,
    );
    for (const key of ["Size", "sizes", "", "constructor", "__proto__", "toString"]) {
      expect(component.config(key, "1"), key).toBe(false);
    }
  });

  it("pass all undeclared keys to the catch-all parameter, which keeps the first value of each", async () => {
    const component = new Component(
      {
        name: "test",
        parameters: { size: size({ help: "" }), others: catchAll({ default: new Map(), help: "" }) },
        catchAllKey: "others",
        open: () => ({ size: 0n, read: () => {} }),
      },
      silentHost,
    );
    for (const [key, text] of [
      ["x", "1"],
      ["size", "2"],
      ["x", "3"],
      ["__proto__", "4"],
    ] as const) {
      expect(component.config(key, text)).toBe(true);
    }
    await component.configComplete();
    expect(component.state).toEqual({
      size: 2n,
      others: new Map([
        ["x", "1"],
        ["__proto__", "4"],
      ]),
    });
  });
});

describe("once", () => {
  const parameters = {
    size: once(size({ required: true, placeholder: "BYTES", help: "How large" })),
    name: once(text({ help: "" }), (key) => `one ${key} is enough`),
  } satisfies Parameters;

  it("keeps all other members of a parameter", () => {
    expect(parameters.size).toMatchObject({ required: true, placeholder: "BYTES", help: "How large" });
    const component = new Component(
      { name: "x", parameters, open: () => ({ size: 0n, read() {} }) },
      silentHost,
    );
    component.config("size", "1K");
    component.config("name", "");
    expect(component.state).toEqual({ size: 1024n, name: "" });
  });

  it.each([
    ["size", "size parameter appears multiple times: give it once"],
    ["name", "one name is enough"],
  ])("refuses %s when it is given again, with the same value too", (key, message) => {
    const component = new Component(
      { name: "x", parameters, open: () => ({ size: 0n, read() {} }) },
      silentHost,
    );
    component.config(key, "1");
    expect(() => component.config(key, "1")).toThrow(message);
  });
});
