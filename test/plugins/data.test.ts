import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import data from "../../src/plugins/data.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { descriptorsOn } from "../helpers/descriptors.ts";
import { Folder } from "../helpers/folder.ts";
import { run } from "../helpers/run.ts";
import { descriptions } from "./data/descriptions.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());
afterEach(() => vi.unstubAllEnvs());

testPlugin("data", { plugin: data, parameters: { data: '@4000 "over the edge"*1000 @90000' }, runs: 20 });
testPlugin("data of a huge size", {
  plugin: data,
  parameters: { data: '"begin" @0x3ffffffffffffff0 "end"', size: "4611686018427387904" },
  runs: 5,
});
testPlugin("data with malloc", {
  plugin: data,
  parameters: { data: "1*5000", size: "20000", allocator: "malloc" },
  runs: 5,
});

const start = (parameters: Record<string, string | string[]>) =>
  TestedChain.start({ plugin: data, parameters });

/** The whole disk. */
async function described(text: string, parameters: Record<string, string> = {}): Promise<Buffer> {
  await using session = await start({ data: text, ...parameters });
  return contents(await session.open());
}

async function hex(text: string, parameters: Record<string, string> = {}): Promise<string> {
  return (await described(text, parameters)).toString("hex");
}

describe("the language of data", () => {
  const file = folder.file("file", "0123456789");

  it.each([
    ["", ""],
    ["  # nothing\n", ""],
    ["0 9 0x10 0xAb 017 255", "000910ab0fff"],
    ['1(2)3"4"5', "0102033405"],
    ["1#2 3\n4", "0104"],
    ["le16:0x102 be16:0x102 le32:1 be32:017", "02010102010000000000000f"],
    ["le64:0xffffffffffffffff be64:1", "ffffffffffffffff0000000000000001"],
    ['"a\\n\\t\\"\\\\\\x00\\xfF\\q"', "610a09225c00ff71"],
    ['"\\a\\b\\f\\r\\v" "é"', "07080c0d0bc3a9"],
    ['""', ""],
    ["1 @4 2", "0100000002"],
    ["1 @+2 2 @-1 3", "01000003"],
    ["1 @^4 2 @^4", "0100000002000000"],
    ["1 @^4 @^4 2", "0100000002"],
    ["1 @^3 2", "01000002"],
    ["@3", "000000"],
    ["@2b 1 @+3B 2", "00000100000002"],
    ["(@1k)[1020:] 1", "0000000001"],
    ["(@1M @-1k 1)[1047550:1047553]", "000001"],
    ["(1 @^1s 2)[510:]", "000002"],
    ["@1be16:5", "000005"],
    ["base64:MTIz", "313233"],
    ["base64:MQ== base64: (base64:MTIz)[1:]*2 9", "313233323309"],
    ["base64:+/+/ base64:AAAA*2", "fbffbf000000000000"],
    ["1 2 3 @0 9", "090203"],
    ["1 2 3 4 @0 ( @+1 9 )", "00090304"],
    ["(1 2)*3", "010201020102"],
    ["1 2*3", "01020202"],
    ["1 * 2 * 3", "010101010101"],
    ["1*0 2*0x2", "0202"],
    ["(@2 1 @4)*2", "0000010000000100"],
    ["( 1 2 3 )[1:]", "0203"],
    ["( 1 2 3 )[:1]", "01"],
    ["( 1 2 3 )[1:2] ( 1 2 3 )[ : ]", "02010203"],
    ['"abcdef"[1:5][1:3]*2', "63646364"],
    ["1 -> \\a 2 \\a", "0201"],
    ["1 -> \\a ( \\a 2 -> \\a \\a ) \\a", "010201"],
    ["1 -> \\x \\x*2 -> \\x \\x", "0101"],
    ["(1 2) -> \\a-b_9 \\a-b_9[1:]", "02"],
    ["( 0x55 0xAA ) -> \\b ( @6 \\b ) -> \\s \\s \\s", "00000000000055aa00000000000055aa"],
    ["<(printf abc) 1 <(printf '(%s)' x)", "61626301287829"],
    ["<(yes)[:5] <(printf abcdef)[2:4]", "790a790a796364"],
    ["<(printf abc; exit 3)[:9]", "616263"],
  ])("describes the bytes: %s", async (text, expected) => {
    expect(await hex(text)).toBe(expected);
  });

  it("reads files, and of a slice only the requested part", async () => {
    expect((await described(`<${file}`)).toString()).toBe("0123456789");
    expect((await described(`<${file}[3:5]*2`)).toString()).toBe("3434");
    expect((await described(`(<${file})[8:]`)).toString()).toBe("89");
    expect((await described(`<${file}[8:100]<${file}[20:]"x"`)).toString()).toBe("89x");
    expect(await hex("</dev/zero[:3] 1")).toBe("00000001");
    expect(await described("</dev/zero[0:0]")).toHaveLength(0);
    expect(folder.descriptors()).toBe(0);
  });

  it("reads a pipe from its beginning", async () => {
    execFileSync("mkfifo", [folder.join("pipe")]);
    const pipe = folder.join("pipe");
    const [bytes] = await Promise.all([
      described(`<${pipe}[:4]`),
      run("/bin/sh", ["-c", `printf abcdef > ${pipe}`]),
    ]);
    expect(bytes.toString()).toBe("abcd");
  });

  it("takes variables from parameters, else from the environment", async () => {
    vi.stubEnv("NBDKIT_TEST_WORD", "1 2");
    expect(await hex("$NBDKIT_TEST_WORD*2 $other", { other: "( $NBDKIT_TEST_WORD 3 )" })).toBe(
      "01020102010203",
    );
    expect(await hex("$NBDKIT_TEST_WORD", { NBDKIT_TEST_WORD: "9" })).toBe("09");
    expect(await hex("1 -> \\a $v", { v: "\\a \\a" })).toBe("0101");
    await expect(described("$v \\a", { v: "1 -> \\a" })).rejects.toThrow("\\a not defined");
    await expect(described("( $v", { v: "1 )" })).rejects.toThrow("unmatched ')'");
  });

  it("uses the first value of a variable that is given twice", async () => {
    await using session = await start({ data: "$v", v: ["1", "2"] });
    expect(await contents(await session.open())).toEqual(Buffer.from([1]));
  });

  it("yields the same bytes as a simple reference evaluator for random nested descriptions", async () => {
    const property = fc.asyncProperty(descriptions, async (description) => {
      const expected = attempt(() => Buffer.from(description.bytes({})).toString("hex"));
      const found = await hex(description.text).catch(() => undefined);
      // Both are undefined for a description that is an error.
      expect(found).toBe(expected);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it.each([
    ["(1", "unmatched '(' in data string"],
    ["1)", "unmatched ')' in data string"],
    ["*2", "*N must follow an expression"],
    ["@1[1:2]", "[N:M] cannot be applied to this type of expression"],
    ["1 -> \\a*2", "*N cannot be applied to this type of expression"],
    ["1*x", "data parameter: parsing error at offset 1: *N not numeric"],
    ["é", 'data parameter: parsing error at offset 0: nothing begins with "é"'],
    ['"é" 1 x', "data parameter: parsing error at offset 7"],
    ['"abc', "parsing error at offset 0: unterminated string"],
    ['"\\x0g"', "\\xNN must be followed by exactly two hexadecimal characters"],
    ['"\\0"', "\\0 in a string is not supported: use \\xNN"],
    ["256", "data parameter BYTE must be in the range 0..255, and is 256"],
    ["08", "08 is no number: a leading 0 means octal"],
    ["le16:65536", "65536 is too large: use a number up to 65535"],
    ["le8:1", "expected le16:, le32: or le64: and a number"],
    ["be32:1z", 'could not parse number: "1z"'],
    ["1 @-2", "data parameter @-2 must not be larger than the current offset 1"],
    ["@0x1k", 'nothing begins with "k"'],
    ["@1k1", 'nothing begins with "k"'],
    ["base64:MQ", "Base64 decoding error"],
    ["@^0", "data parameter @^0 must be a power of 2"],
    ["(1 2 3)[1:5]", "[N:M] does not describe a valid slice: [1:5] of 3 bytes"],
    ["(1 2 3)[2:1]", "does not describe a valid slice"],
    ["<x[2:1]", "does not describe a valid slice"],
    ["<nothing", "nothing: No such file or directory"],
    ["<.", ".: Illegal operation on a directory"],
    ["< x", "<FILE not a filename, or <(SCRIPT) not closed"],
    ["<(exit 3)", "<(exit 3): external command failed: exit status 3"],
    ["<(kill -9 $$)", "external command failed: killed by SIGKILL"],
    ["\\x", "\\x not defined"],
    ["\\x 1 -> \\x", "\\x not defined"],
    ["( 1 -> \\x ) \\x", "\\x not defined"],
    ["$nothing_of_this_name", "$nothing_of_this_name: variable not found"],
    ["1*0x7fffffffffffffff*2", "is larger than any disk can be"],
    ["@0x7fffffffffffffff 1", "is larger than any disk can be"],
    ["@0x8000000000000000", "is too large: use a number up to 9223372036854775807"],
    ["1*0x1000000000000000", "data: 1E is more than the free memory"],
    ["(".repeat(600), "more than 500 nested expressions"],
    [`1${"*1".repeat(3000)}`, "more than 2000 nested expressions"],
  ])("refuses %s", async (text, message) => {
    const error: Error = await described(text).then(
      () => new Error("accepted"),
      (reason) => reason,
    );
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
  });

  it("refuses variables that refer to themselves", async () => {
    await expect(described("$a", { a: "1 $b", b: "$a" })).rejects.toThrow(
      "$a: the variable refers to itself",
    );
  });
});

describe("data", () => {
  it.each([
    [{ raw: "a b\né" }, Buffer.from("a b\né")],
    [{ raw: "" }, Buffer.alloc(0)],
    [{ base64: "AAEC/w==" }, Buffer.from([0, 1, 2, 255])],
    [{ base64: "AA EC\n/w==" }, Buffer.from([0, 1, 2, 255])],
    [{ base64: "MTIz", size: "2" }, Buffer.from("12")],
    [{ data: "1*10", size: "3" }, Buffer.from([1, 1, 1])],
    [{ data: "1", size: "3" }, Buffer.from([1, 0, 0])],
    [{ data: "1*0x1000000000000000", size: "2" }, Buffer.from([1, 1])],
  ])("serves %o", async (parameters, expected) => {
    await using session = await start(parameters);
    expect(await contents(await session.open())).toEqual(expected);
  });

  it.each([
    [{}, "raw|base64|data parameter was not specified"],
    [{ raw: "1", data: "1" }, "raw|base64|data parameter must be specified exactly once"],
    [{ data: ["1", "2"] }, "raw|base64|data parameter must be specified exactly once"],
    [{ raw: "1", x: "2" }, "extra parameters passed and not using data='...': x="],
    [{ base64: "MTI" }, "base64: Base64 decoding error"],
    [{ data: "1", size: "-1" }, "size cannot be negative: -1"],
    [{ data: "1", allocator: "x" }, 'unknown allocator "x"'],
  ])("refuses %o", async (parameters, message) => {
    await expect(start(parameters)).rejects.toThrow(message);
  });

  it("has a hole wherever whole units of 32 KiB are zero", async () => {
    const zeroes = folder.file("zeroes", new Uint8Array(100_000));
    await using session = await start({ data: `@65536 1 @131072 (1*65536 @0 0*65536) 0*50001 <${zeroes}` });
    const disk = await session.open();
    const extents = await disk.extents(0n, Number(disk.size), false);
    expect(extents.map(({ length, hole }) => [Number(length), hole])).toEqual([
      [65_536, true],
      [32_768, false],
      [Number(disk.size) - 98_304, true],
    ]);
  });

  it("shows a client's write to all clients", async () => {
    await using session = await start({ data: '"abc"' });
    const [first, second] = [await session.open(), await session.open()];
    await first.write(Buffer.from("X"), 1n, false);
    expect((await contents(second)).toString()).toBe("aXc");
  });

  it("logs the expression tree with -D data.AST=1", async () => {
    const parameters = { data: "1 (2 3)*2 @+5 <(true) -> \\a \\a[0:]" };
    const session = await TestedChain.start({ plugin: data, parameters, debugFlags: { AST: 1 } });
    expect(session.debugLines).toEqual([
      "BEGIN AST (-D data.AST=1)",
      "(",
      "  1 bytes: 01",
      "  * 2",
      "    (",
      "      1 bytes: 02",
      "      1 bytes: 03",
      "    )",
      "  @ forward 5",
      "  -> \\a",
      "    <(true)",
      "  [0:]",
      "    \\a",
      ")",
      "END AST",
    ]);
    await session[Symbol.asyncDispose]();
  });

  it.skipIf(process.platform !== "linux")(
    "closes all descriptors and kills the script with its child processes",
    async () => {
      const mark = `nbdkit_test_${process.pid}`;
      const script = `exec 9</dev/null; printf abc; sh -c 'sleep 1000 # ${mark}'; sleep 1000 # ${mark}`;
      expect((await described(`<(${script})[:3]`)).toString()).toBe("abc");
      const { stdout } = await run("pgrep", ["-f", mark]);
      expect(stdout).toBe("");
      expect(descriptorsOn("nbdkit-data")).toBe(0);
    },
  );
});

function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
