import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBoolean, parseDelay, parseInteger, parseProbability } from "../../src/core/values.ts";

describe("parseBoolean", () => {
  it.each(["1", "true", "t", "yes", "y", "on", "TRUE", "Yes", "oN"])("reads %j as true", (text) => {
    expect(parseBoolean(text)).toBe(true);
  });
  it.each(["0", "false", "f", "no", "n", "off", "FALSE", "No"])("reads %j as false", (text) => {
    expect(parseBoolean(text)).toBe(false);
  });
  it.each(["", "2", "tr", "truee", " 1", "00", "none", "constructor"])("refuses %j", (text) => {
    expect(() => parseBoolean(text)).toThrow(`could not decipher boolean (${text})`);
  });
});

describe("parseInteger", () => {
  it.each([
    ["0", 0],
    ["-0", -0],
    ["12", 12],
    ["+12", 12],
    ["-12", -12],
    ["0x1F", 31],
    ["0b11", 3],
    ["0XfF", 255],
    ["-0x10", -16],
    ["017", 15],
    [" \t5", 5],
    ["00", 0],
  ])("reads %j as %i", (text, value) => {
    expect(parseInteger("what", text, -100, 300)).toBe(value);
  });

  it.each(["", " ", "x", "1x", "0x", "08", "1 ", "1.0", "--1", "1e1", "0b", "0b2"])(
    "refuses %j with an error that names the value",
    (text) => {
      expect(() => parseInteger("what", text, -100, 300)).toThrow(
        expect.objectContaining({ code: "EINVAL", message: expect.stringMatching(/^what: /) }),
      );
    },
  );

  it.each(["301", "-101", "0x12d", "99999999999999999999"])("refuses %j, which is out of range", (text) => {
    expect(() => parseInteger("what", text, -100, 300)).toThrow(expect.objectContaining({ code: "ERANGE" }));
  });

  it("reads numbers that JavaScript has formatted, in every base", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const sign = value < 0 ? "-" : "";
        const magnitude = Math.abs(value);
        for (const text of [
          magnitude.toString(),
          `0x${magnitude.toString(16)}`,
          `0${magnitude.toString(8)}`,
        ]) {
          expect(parseInteger("what", sign + text, -(2 ** 31), 2 ** 31 - 1)).toBe(value);
        }
      }),
    );
  });
});

describe("parseDelay", () => {
  it.each([
    ["1", 1000],
    ["0", 0],
    ["1.5", 1500],
    [".5", 500],
    ["1e-1", 100],
    ["2.5E1ms", 25],
    ["2.", 2000],
    ["2s", 2000],
    ["120ms", 120],
    ["1.2ms", 1.2],
    ["10us", 0.01],
    ["10µs", 0.01],
    ["5ns", 5e-6],
    [" 1", 1000],
  ])("reads %j as %f ms", (text, ms) => {
    expect(parseDelay("what", text)).toBeCloseTo(ms, 12);
  });
  it.each(["", "x", "s", "1S", "1m", "-1", "1,5", "1.5.5", "inf", "nan", "1e", "1e999"])(
    "refuses %j",
    (text) => {
      expect(() => parseDelay("what", text)).toThrow(`what: could not parse delay "${text}"`);
    },
  );
});

describe("parseProbability", () => {
  it.each([
    ["0", 0],
    ["1", 1],
    ["0.1", 0.1],
    [".5", 0.5],
    ["1e-1", 0.1],
    ["10%", 0.1],
    ["150%", 1.5],
    ["1:10", 0.1],
    ["1/10", 0.1],
    ["2.5:10", 0.25],
  ])("reads %j as %f", (text, value) => {
    expect(parseProbability("what", text)).toBeCloseTo(value, 12);
  });
  it.each(["", "x", "-1", "%", "10%%", "1:", ":1", "1:0", "0/0", "1:2:3", "inf", "nan", "1 %"])(
    "refuses %j",
    (text) => {
      expect(() => parseProbability("what", text)).toThrow(`what: could not parse probability "${text}"`);
    },
  );
});
