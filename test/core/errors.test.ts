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

  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  const nameless = Object.assign(new AggregateError([refused, new Error("connect ENETUNREACH ::1:1")]), {
    code: "ECONNREFUSED",
  });
  const circle = new Error("round");
  circle.cause = new Error("and round", { cause: circle });

  it.each<[what: string, error: unknown, line: string]>([
    ["a cause", new TypeError("fetch failed", { cause: refused }), `fetch failed: ${refused.message}`],
    [
      "the causes of a cause",
      new Error("no list", { cause: new TypeError("fetch failed", { cause: refused }) }),
      `no list: fetch failed: ${refused.message}`,
    ],
    [
      "a cause that the message already contains",
      new NbdError("EIO", `cannot read: ${refused.message}`, { cause: refused }),
      `cannot read: ${refused.message}`,
    ],
    [
      "a cause that the message does not contain",
      new NbdError("EIO", "nothing listens there", { cause: refused, retold: true }),
      "nothing listens there",
    ],
    ["a cause that is no error", new Error("failed", { cause: "because" }), "failed: because"],
    [
      "the code of a cause without a message",
      new Error("failed", { cause: { code: "EPIPE", message: "" } }),
      "failed: EPIPE",
    ],
    [
      "the members of an AggregateError",
      new AggregateError([new Error("one"), new Error("two"), new Error("one")], "all failed"),
      "all failed: one; two",
    ],
    [
      "the members of an AggregateError without a message, as Node has them",
      new TypeError("fetch failed", { cause: nameless }),
      `fetch failed: ${refused.message}; connect ENETUNREACH ::1:1`,
    ],
    [
      "the first members of many",
      new AggregateError(
        Array.from({ length: 100 }, (_, index) => new Error(`no. ${index}`)),
        "many",
      ),
      "many: no. 0; no. 1; no. 2; no. 3; no. 4; no. 5; no. 6; no. 7 and 92 more",
    ],
  ])("shows %s", (_what, error, line) => {
    expect(messageOf(error)).toBe(line);
  });

  it("messageOf ends when causes form a cycle", () => {
    expect(messageOf(circle)).toBe("round: and round");
  });

  it("codeOf and messageOf survive errors whose members throw", () => {
    const thrower = (): never => {
      throw new Error("look away");
    };
    const nasty = Object.defineProperties(new Error("x"), {
      message: { get: thrower },
      cause: { get: thrower },
    });
    expect(messageOf(nasty)).toBe("unknown error");
  });
});
