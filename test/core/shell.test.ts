import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellQuote } from "../../src/core/shell.ts";

describe("shellQuote", () => {
  it.each(["a", "nbd://localhost:10809", "/tmp/x_1-2.3", "%20,+@"])("returns %j unquoted", (text) => {
    expect(shellQuote(text)).toBe(text);
  });

  it("returns words that a shell reads back unchanged, as arguments and as values of variables", () => {
    const text = fc
      .string({ unit: "binary" })
      .filter((word) => !word.includes("\0") && Buffer.from(word).toString() === word);
    const odd = [
      "",
      "~",
      "~root",
      "a:~root",
      "'",
      "''",
      "\n",
      "$x",
      "`id`",
      "\\",
      "*",
      "#",
      "!",
      "-n",
      "a b",
    ];
    const words = [...odd, ...fc.sample(text, 200)];
    const lines = words.map(
      (word) => `v=${shellQuote(word)}\nprintf '%s\\0%s\\0' "$v" ${shellQuote(word)}\n`,
    );
    const printed = execFileSync("/bin/sh", ["-c", lines.join("")], { encoding: "utf8" });
    expect(printed.split("\0").slice(0, -1)).toEqual(words.flatMap((word) => [word, word]));
  });
});
