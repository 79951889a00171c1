import { describe, expect, it } from "vitest";
import { parseBase64 } from "../../src/core/base64.ts";

describe("parseBase64", () => {
  it.each([
    ["", ""],
    ["AA==", "00"],
    ["AAE=", "0001"],
    ["+/+/", "fbffbf"],
    [" aG\nVs bG8= ", "68656c6c6f"],
  ])("decodes %j", (text, hex) => {
    expect(parseBase64(text).toString("hex")).toBe(hex);
  });

  it.each(["A", "AA", "AAA", "AA=", "AAAA=", "=AAA", "A_-A", "AA==AA==", "é"])("refuses %s", (text) => {
    expect(() => parseBase64(text)).toThrow("base64: Base64 decoding error: use");
  });
});
