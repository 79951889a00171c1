import { describe, expect, it } from "vitest";
import { codeOf, messageOf, NbdError } from "../../src/core/errors.ts";

describe("codeOf", () => {
  it.each([
    [new NbdError("ENOSPC", "full"), "ENOSPC"],
    [Object.assign(new Error("x"), { code: "EACCES" }), "EACCES"],
    [{ code: "E2BIG" }, "E2BIG"],
    [Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" }), "EIO"],
    [Object.assign(new Error("x"), { code: 5 }), "EIO"],
    [new Error("x"), "EIO"],
    ["ENOSPC", "EIO"],
    [undefined, "EIO"],
    [null, "EIO"],
  ])("finds in %j the code %s", (error, code) => {
    expect(codeOf(error)).toBe(code);
  });
});

describe("messageOf", () => {
  it.each([
    [new Error("one line"), "one line"],
    [new Error("two\n   lines\n"), "two lines"],
    [new TypeError(""), "TypeError"],
    ["text", "text"],
    [undefined, "undefined"],
    [{ toString: (): string => "made up" }, "made up"],
  ])("makes one line of %j", (error, line) => {
    expect(messageOf(error)).toBe(line);
  });
});
