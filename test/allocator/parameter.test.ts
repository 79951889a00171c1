import { describe, expect, it } from "vitest";
import { type Allocator, allocator, allocatorFeatures } from "../../src/allocator/parameter.ts";
import { hasZstd } from "../../src/allocator/zstd.ts";
import { native } from "../../src/native/load.ts";

const { memoryLock } = native().features;

describe("the parameter allocator", () => {
  const understood: readonly (readonly [string, Allocator["kind"], boolean])[] = [
    ["sparse", "sparse", false],
    ["malloc", "malloc", false],
    ["malloc,mlock=false", "malloc", false],
    ["malloc,", "malloc", false],
    ["malloc,mlock=true", "malloc", true],
    ["malloc,mlock", "malloc", true],
    ["zstd", "zstd", false],
  ];
  const possible = understood.filter(
    ([, kind, mlock]) => (kind !== "zstd" || hasZstd()) && (!mlock || memoryLock),
  );
  it.each(possible)("parses %s", (text, kind, mlock) => {
    expect(allocator.parse(text, "allocator")).toEqual({ kind, mlock });
  });

  it.each([
    ["foo", 'unknown allocator "foo": use sparse, malloc or zstd'],
    ["", 'unknown allocator ""'],
    ["sparse,foo", "allocator=sparse does not take extra parameters"],
    ["zstd,foo", "allocator=zstd does not take extra parameters"],
    ["malloc,foo=1", "allocator=malloc: unknown parameter foo"],
    ["malloc,mlock=maybe", "could not decipher boolean (maybe)"],
    ...(memoryLock
      ? []
      : [["malloc,mlock=true", "allocator=malloc,mlock=true is not available on this system"]]),
    ...(hasZstd()
      ? []
      : [
          [
            "zstd",
            `allocator=zstd needs Node.js 22.15 or newer, and this is ${process.version}: use allocator=sparse`,
          ],
        ]),
  ])("refuses %s with a one-line reason", (text, message) => {
    expect(() => allocator.parse(text!, "allocator")).toThrow(message);
  });

  it("reports which features the system supports", () => {
    const yesNo = (yes: boolean): string => (yes ? "yes" : "no");
    expect(allocatorFeatures()).toEqual({ mlock: yesNo(memoryLock), zstd: yesNo(hasZstd()) });
  });
});
