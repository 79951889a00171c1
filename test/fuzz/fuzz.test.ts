import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { caseOf, readCase, runCase, writeCase } from "./cases.ts";
import { checkServerOutput } from "./server-output.ts";

const seeds = new URL("seeds/", import.meta.url);

describe("the fuzzer", () => {
  it.each(readdirSync(seeds))("no longer finds a failure in %s", async (name) => {
    await runCase(readCase(readFileSync(new URL(name, seeds), "utf8")));
  });

  it("finds no failure in two thousand broken connections", async () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const test = caseOf(seed);
      try {
        await runCase(test);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  it("writes and reads a case without a change", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const text = writeCase(caseOf(seed));
      expect(writeCase(readCase(text))).toBe(text);
    }
  });

  it("makes the same case from the same seed", () => {
    expect(writeCase(caseOf(77))).toBe(writeCase(caseOf(77)));
    expect(writeCase(caseOf(77))).not.toBe(writeCase(caseOf(79)));
  });
});

describe("the fuzzer detects a server that", () => {
  const [greeting, flags] = ["4e42444d4147494349484156454f50540003", "00000003"];
  const go = "49484156454f505400000007000000060000000000 00";
  const info = "0003e889045565a9000000070000000300 00000c 0000 0000000000001000 0001";
  const ack = "0003e889045565a9000000070000000100000000";
  const read = "25609513 0000 0000 0000000000000001 0000000000000000 00000002";
  const reply = "67446698 00000000 0000000000000001 abcd";
  const check = (output: string[], input = [flags, go, read]): void => {
    const bytes = (parts: string[]): Buffer => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
    const test = caseOf(2);
    if (test.side !== "server") throw new TypeError("even seeds are for the server");
    const setup = { ...test.setup, style: "newstyle" as const, flagsMask: 3, leaves: "end" as const };
    checkServerOutput(setup, bytes(input), bytes(output));
  };

  it("replies correctly, which is no finding", () => {
    check([greeting, info, ack, reply]);
  });

  describe("replies with the status of two contexts and", () => {
    const ihaveopt = "49484156454f5054";
    const names = ["base:allocation", "x-fuzz:dirty"].map((name) => Buffer.from(name).toString("hex"));
    const set = `${ihaveopt} 0000000a 0000002b 00000000 00000002 0000000f ${names[0]} 0000000c ${names[1]}`;
    const wanted = [
      flags,
      `${ihaveopt} 00000008 00000000`,
      set,
      go,
      read.replace("25609513 0000 0000", "25609513 0000 0007"),
    ];
    const agreed = [
      greeting,
      "0003e889045565a9 00000008 00000001 00000000",
      `0003e889045565a9 0000000a 00000004 00000013 00000001 ${names[0]}`,
      `0003e889045565a9 0000000a 00000004 00000010 00000002 ${names[1]}`,
      "0003e889045565a9 0000000a 00000001 00000000",
      info,
      ack,
    ];
    const first = "668e33ef 0000 0005 0000000000000001 0000000c 00000001 00000002 00000000";
    const second = "668e33ef 0001 0005 0000000000000001 0000000c 00000002 00000002 00000001";

    it("is correct, which is no finding", () => {
      check([...agreed, first, second], wanted);
    });

    it.each<[string, string[], string]>([
      ["omits one context", [second], "answers nothing"],
      ["does not end the reply", [first], "ends"],
      [
        "sends one context twice",
        [first, second.replace("0000000c 00000002", "0000000c 00000001")],
        "answers nothing",
      ],
      ["sends another context", [first, second.replace("0000000c 00000002", "0000000c 00000003")], "not set"],
      [
        "begins an extent behind the range",
        [first, `${second.replace("0000000c 00000002", "00000014 00000002")} 00000001 00000000`],
        "answers nothing",
      ],
      [
        "sends an unknown state",
        [first, second.replace("00000002 00000001", "00000002 00000002")],
        "in state 2",
      ],
      ["ends with a chunk of another type", [first, reply], "something else"],
    ])("%s", (_, chunks, finding) => {
      expect(() => check([...agreed, ...chunks], wanted)).toThrow(finding);
    });
  });

  it.each<[string, string[]]>([
    ["sends a wrong greeting", [greeting.replace("0003", "0007")]],
    ["stops in the middle of a message", [greeting, info, ack.slice(0, -2)]],
    [
      "replies to an option that the client has not sent",
      [greeting, info, ack.replace("00000007", "00000006")],
    ],
    ["acknowledges without NBD_INFO_EXPORT", [greeting, ack, reply]],
    ["does not reply to a request", [greeting, info, ack]],
    ["replies to a request twice", [greeting, info, ack, reply, reply]],
    ["replies with another cookie", [greeting, info, ack, reply.replace("0001", "0002")]],
    ["replies with fewer bytes", [greeting, info, ack, reply.slice(0, -2)]],
    ["replies with an unknown error", [greeting, info, ack, "67446698 00000002 0000000000000001"]],
    ["replies in another reply form", [greeting, info, ack, `668e33ef 0001 0000 0000000000000001 00000000`]],
  ])("%s", (_, output) => {
    expect(() => check(output)).toThrow();
  });
});
