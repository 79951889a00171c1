import { describe, expect, it } from "vitest";
import { NbdError } from "../../../src/core/errors.ts";
import { optionBytesMax, optionsMax } from "../../../src/protocol/constants.ts";
import type { ExportInfo } from "../../../src/protocol/export-info.ts";
import { serverHandshake } from "../../../src/protocol/server/handshake.ts";
import type { HandshakeHost } from "../../../src/protocol/server/host.ts";
import { oldstyleHandshake } from "../../../src/protocol/server/oldstyle.ts";
import { ascii, everyCut, greeting, hex, optionReply, talk } from "../client/talk.ts";

const allocation = [{ id: 1, name: "base:allocation" }];
const disk: ExportInfo = {
  size: 0x100000n,
  flags: 0x054c,
  name: "disk",
  description: "a disk",
  contexts: allocation,
};

const host: HandshakeHost = {
  tls: "off",
  offers: { flagsMask: 0xffff, structuredReplies: true, extendedHeaders: true, metaContexts: true },
  listExports: () => [{ name: "disk", description: "a disk" }, { name: "Ä" }],
  open: (name) => {
    if (name === "" || name === "disk") return disk;
    if (name === "sectors") {
      return { ...disk, blockSize: { minimum: 512, preferred: 4096, maximum: 0x2000000 } };
    }
    throw new NbdError(name.startsWith("E") ? name : "ENOENT", `no export ${name}`);
  },
  debug: (message) => void message(),
};
const offering = (offers: Partial<HandshakeHost["offers"]>): HandshakeHost => ({
  ...host,
  offers: { ...host.offers, ...offers },
});

const u16 = (value: number): string => value.toString(16).padStart(4, "0");
const u32 = (value: number): string => value.toString(16).padStart(8, "0");
const bytesIn = (text: string): number => text.replace(/\s+/g, "").length / 2;
/** Builds an option, with its data in hex. */
const option = (number: number, data = ""): string =>
  `${ascii("IHAVEOPT")} ${u32(number)} ${u32(bytesIn(data))} ${data}`;
const string = (text: string): string => `${u32(Buffer.byteLength(text))} ${ascii(text)}`;
/** Builds the data of INFO and GO. */
const about = (name: string, ...items: number[]): string =>
  `${string(name)} ${u16(items.length)} ${items.map(u16).join("")}`;
/** Builds the data of LIST_META_CONTEXT and SET_META_CONTEXT. */
const queries = (name: string, ...texts: string[]): string =>
  `${string(name)} ${u32(texts.length)} ${texts.map(string).join("")}`;

const fixed = "00000003";
const ack = (number: number): string => optionReply(number, 1);
const refusal = (number: number, type: number, text: string): string =>
  optionReply(number, 0x80000000 + type, ascii(text));
const [unsupported, policy, invalid, unknown, shutdown, extendedRequired] = [1, 2, 3, 6, 7, 10];

/** The NBD_INFO_EXPORT of the disk, with the flags that the negotiation adds. */
const basics = (flags: number): string => `0000 0000000000100000 ${u16(flags)}`;
const plainFlags = 0x054d;
const structuredFlags = 0x05cd;
const extendedFlags = 0x15cd;
const context = `00000001 ${ascii("base:allocation")}`;
const listedContext = `00000000 ${ascii("base:allocation")}`;
const agreed = (exportName: string, replyForm = "simple", contexts: object[] = []): object => ({
  exportName,
  replyForm,
  contexts,
});

/** Sends the bytes, split in every way, and expects exactly these bytes in return, and this result. */
function expectTalk(
  client: string[],
  server: string[],
  result: object | undefined,
  served: HandshakeHost = host,
): void {
  for (const chunks of everyCut(hex(...client))) {
    const talked = talk(serverHandshake(served), chunks);
    expect(talked.sent.toString("hex")).toBe(hex(...server).toString("hex"));
    expect(talked.result).toEqual(result);
    // A client that has not chosen an export is still in the handshake when it disconnects.
    if (result === undefined)
      expect(talked.error?.code ?? "NBD_OPT_ABORT").toMatch(/ECONNRESET|NBD_OPT_ABORT/);
    else expect(talked.rest).toHaveLength(0);
  }
}

describe("the greeting", () => {
  it("offers fixed newstyle and no zeroes", () => {
    expectTalk([], [ascii("NBDMAGIC"), ascii("IHAVEOPT"), "0003"], undefined);
  });

  it("offers only the flags that are not masked", () => {
    expectTalk([], [ascii("NBDMAGIC"), ascii("IHAVEOPT"), "0001"], undefined, offering({ flagsMask: 1 }));
    expectTalk([], [ascii("NBDMAGIC"), ascii("IHAVEOPT"), "0000"], undefined, offering({ flagsMask: 0 }));
  });

  it.each([
    ["00000004", host],
    ["80000003", host],
    ["00000002", offering({ flagsMask: 1 })],
  ])("disconnects a client that answers %s, which was not offered", (flags, served) => {
    const { error, sent } = talk(serverHandshake(served), [hex(flags)]);
    expect(error).toMatchObject({
      code: "EPROTO",
      message: `unknown client flags 0x${Number(`0x${flags}`).toString(16)}`,
    });
    expect(sent).toHaveLength(18);
  });
});

describe("a client that does not set the flag of the fixed newstyle", () => {
  it("may use its options, as go-nbd does", () => {
    expectTalk(
      ["00000000", option(7, about("disk"))],
      [greeting, optionReply(7, 3, basics(plainFlags)), ack(7)],
      agreed("disk"),
    );
  });

  it("is disconnected after such an option when the server has not offered it", () => {
    const { error, sent } = talk(serverHandshake(offering({ flagsMask: 2 })), [
      hex("00000002", option(7, about("disk"))),
    ]);
    expect(error).toMatchObject({ code: "EPROTO", message: expect.stringMatching(/fixed newstyle/) });
    expect(sent).toHaveLength(18);
  });
});

describe("NBD_OPT_EXPORT_NAME", () => {
  it.each([
    ["00000003", 0],
    ["00000002", 0],
    ["00000001", 124],
    ["00000000", 124],
  ])("after client flags %s is answered with %i zeroes", (flags, zeroes) => {
    const answer = `0000000000100000 ${u16(plainFlags)} ${"00".repeat(zeroes)}`;
    expectTalk([flags, option(1, ascii("disk"))], [greeting, answer], agreed("disk"));
  });

  it("with an empty name chooses the default export", () => {
    expectTalk([fixed, option(1)], [greeting, `0000000000100000 ${u16(plainFlags)}`], agreed(""));
  });

  it("keeps the negotiated structured replies and contexts", () => {
    expectTalk(
      [fixed, option(8), option(10, queries("disk", "base:allocation")), option(1, ascii("disk"))],
      [greeting, ack(8), optionReply(10, 4, context), ack(10), `0000000000100000 ${u16(structuredFlags)}`],
      agreed("disk", "structured", allocation),
    );
  });

  it("for an unknown export closes the connection without a reply", () => {
    const { sent, error, result } = talk(serverHandshake(host), [hex(fixed, option(1, ascii("absent")))]);
    expect([sent.length, error, result]).toEqual([18, undefined, undefined]);
  });

  it("leaves the bytes after it to the transmission phase", () => {
    const { rest } = talk(serverHandshake(host), [hex(fixed, option(1), "25609513 0001")]);
    expect(rest).toEqual(hex("25609513 0001"));
  });
});

describe("NBD_OPT_ABORT", () => {
  it("is acknowledged, whatever data it has", () => {
    for (const data of ["", "0102030405"]) {
      expectTalk([fixed, option(2, data)], [greeting, ack(2)], undefined);
    }
  });
});

describe("NBD_OPT_LIST", () => {
  it("lists every export, with its description if it has one", () => {
    expectTalk(
      [fixed, option(3)],
      [
        greeting,
        optionReply(3, 2, `00000004 ${ascii("disk")} ${ascii("a disk")}`),
        optionReply(3, 2, "00000002 c384"),
        ack(3),
      ],
      undefined,
    );
  });

  it("is refused with data", () => {
    expectTalk([fixed, option(3, "00")], [greeting, refusal(3, invalid!, "LIST takes no data")], undefined);
  });

  it("is refused with the reason when listing fails", () => {
    const silent = {
      ...host,
      listExports: () => {
        throw new NbdError("EACCES", "no list");
      },
    };
    expectTalk([fixed, option(3)], [greeting, refusal(3, policy!, "no list")], undefined, silent);
  });
});

describe.each([
  ["NBD_OPT_INFO", 6],
  ["NBD_OPT_GO", 7],
])("%s", (_, number) => {
  /** GO ends the handshake. INFO does not. */
  const then = (result: object): object | undefined => (number === 7 ? result : undefined);

  it("sends size and flags without a request", () => {
    expectTalk(
      [fixed, option(number, about("disk"))],
      [greeting, optionReply(number, 3, basics(plainFlags)), ack(number)],
      then(agreed("disk")),
    );
  });

  it("sends name and description on request", () => {
    expectTalk(
      [fixed, option(number, about("", 1, 2))],
      [
        greeting,
        optionReply(number, 3, basics(plainFlags)),
        optionReply(number, 3, `0001 ${ascii("disk")}`),
        optionReply(number, 3, `0002 ${ascii("a disk")}`),
        ack(number),
      ],
      then(agreed("")),
    );
  });

  it("sends block sizes with and without a request", () => {
    for (const items of [[], [3], [3, 3, 0]]) {
      expectTalk(
        [fixed, option(number, about("sectors", ...items))],
        [
          greeting,
          optionReply(number, 3, basics(plainFlags)),
          optionReply(number, 3, "0003 00000200 00001000 02000000"),
          ack(number),
        ],
        then(agreed("sectors")),
      );
    }
  });

  it("ignores unknown information types", () => {
    expectTalk(
      [fixed, option(number, about("disk", 4, 0xffff))],
      [greeting, optionReply(number, 3, basics(plainFlags)), ack(number)],
      then(agreed("disk")),
    );
  });

  it("sends the flags that depend on the negotiation", () => {
    expectTalk(
      [fixed, option(8), option(number, about("disk"))],
      [greeting, ack(8), optionReply(number, 3, basics(structuredFlags)), ack(number)],
      then(agreed("disk", "structured")),
    );
    expectTalk(
      [fixed, option(11), option(number, about("disk"))],
      [greeting, ack(11), optionReply(number, 3, basics(structuredFlags)), ack(number)],
      then(agreed("disk", "extended")),
    );
    expectTalk(
      [fixed, option(11), option(10, queries("disk", "base:allocation")), option(number, about("disk"))],
      [
        greeting,
        ack(11),
        optionReply(10, 4, context),
        ack(10),
        optionReply(number, 3, basics(extendedFlags)),
        ack(number),
      ],
      then(agreed("disk", "extended", allocation)),
    );
  });

  it("has neither contexts nor the BLOCK_STATUS_PAYLOAD flag for an export without SET_META_CONTEXT", () => {
    expectTalk(
      [fixed, option(11), option(10, queries("disk", "base:allocation")), option(number, about(""))],
      [
        greeting,
        ack(11),
        optionReply(10, 4, context),
        ack(10),
        optionReply(number, 3, basics(structuredFlags)),
        ack(number),
      ],
      then(agreed("", "extended")),
    );
  });

  it.each([
    ["absent", unknown],
    ["EINVAL", invalid],
    ["EPERM", policy],
    ["EACCES", policy],
    ["ESHUTDOWN", shutdown],
    ["EIO", unknown],
  ])("of the export %s, which fails to open, is refused, and the handshake continues", (name, type) => {
    expectTalk(
      [fixed, option(number, about(name)), option(7, about("disk"))],
      [greeting, refusal(number, type!, `no export ${name}`), optionReply(7, 3, basics(plainFlags)), ack(7)],
      agreed("disk"),
    );
  });

  it.each([
    ["no data", ""],
    ["less than the shortest data", "00000000 00"],
    ["a name longer than the option", `00000005 ${ascii("disk")} 0000`],
    ["a name of 4 GiB", `ffffffff ${ascii("disk")} 0000`],
    ["more items than there are", `${string("disk")} 0002 0001`],
    ["fewer items than there are", `${string("disk")} 0001 0001 0003`],
    ["half an item", `${string("disk")} 0001 00`],
    ["bytes after the items", `${string("disk")} 0000 00`],
  ])("with %s is refused as invalid", (_, data) => {
    const text = "lengths inside the option do not add up";
    expectTalk([fixed, option(number, data)], [greeting, refusal(number, invalid!, text)], undefined);
  });

  it.each([
    ["no UTF-8", "00000001 ff 0000", "export name is not UTF-8"],
    ["a NUL byte", "00000003 610062 0000", "export name contains a NUL byte"],
    ["4097 bytes", `00001001 ${"61".repeat(4097)} 0000`, "export name of 4097 bytes is longer than 4096"],
  ])("with a name of %s is refused as invalid", (_, data, text) => {
    const { sent } = talk(serverHandshake(host), [hex(fixed, option(number, data))]);
    expect(sent).toEqual(hex(greeting, refusal(number, invalid!, text)));
  });
});

describe("an export name of 4096 bytes", () => {
  it("can be chosen, and a refusal truncates it between characters", () => {
    const name = `a${"é".repeat(2047)}b`;
    const { sent } = talk(serverHandshake(host), [hex(fixed, option(7, about(name)))]);
    const text = sent.subarray(38);
    expect(sent.readUInt32BE(34)).toBe(text.length);
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(new TextDecoder("utf-8", { fatal: true }).decode(text)).toMatch(/^no export aé+$/);
  });
});

describe("NBD_OPT_STRUCTURED_REPLY and NBD_OPT_EXTENDED_HEADERS", () => {
  const go = (flags: number): string[] => [optionReply(7, 3, basics(flags)), ack(7)];

  it.each([
    ["neither", [], [], "simple", plainFlags],
    ["structured", [8], [ack(8)], "structured", structuredFlags],
    ["structured twice", [8, 8], [ack(8), ack(8)], "structured", structuredFlags],
    ["extended", [11], [ack(11)], "extended", structuredFlags],
    ["extended twice", [11, 11], [ack(11), ack(11)], "extended", structuredFlags],
    ["structured, then extended", [8, 11], [ack(8), ack(11)], "extended", structuredFlags],
    [
      "extended, then structured",
      [11, 8],
      [ack(11), refusal(8, extendedRequired!, "extended headers are on already")],
      "extended",
      structuredFlags,
    ],
  ])("lead to the reply form of what was negotiated: %s", (_, options, replies, form, flags) => {
    expectTalk(
      [fixed, ...options.map((number) => option(number)), option(7, about(""))],
      [greeting, ...replies, ...go(flags)],
      agreed("", form),
    );
  });

  it.each([8, 11])("option %i is refused with data, and changes nothing", (number) => {
    expectTalk(
      [fixed, option(number, "00"), option(7, about(""))],
      [greeting, refusal(number, invalid!, `option ${number} takes no data`), ...go(plainFlags)],
      agreed(""),
    );
  });

  it.each([8, 11])("option %i is unsupported when the server has it disabled", (number) => {
    const text = "structured replies are switched off";
    expectTalk(
      [fixed, option(number), option(7, about(""))],
      [greeting, refusal(number, unsupported!, text), ...go(plainFlags)],
      agreed(""),
      offering({ structuredReplies: false }),
    );
  });

  it("extended headers are unsupported, and structured replies work, when the server has the former disabled", () => {
    const text = "extended headers are switched off";
    expectTalk(
      [fixed, option(11), option(8), option(7, about(""))],
      [greeting, refusal(11, unsupported!, text), ack(8), ...go(structuredFlags)],
      agreed("", "structured"),
      offering({ extendedHeaders: false }),
    );
  });
});

describe.each([
  ["NBD_OPT_LIST_META_CONTEXT", 9, listedContext],
  ["NBD_OPT_SET_META_CONTEXT", 10, context],
])("%s", (_, number, item) => {
  const setting = number === 10;
  const found = [optionReply(number, 4, item), ack(number)];

  it.each<[string, string[], string[]]>([
    ["the exact name", ["base:allocation"], found],
    ["the exact name twice", ["base:allocation", "base:allocation"], found],
    ["the whole namespace", ["base:"], setting ? [ack(number)] : found],
    ["an unknown leaf", ["base:alloc"], [ack(number)]],
    ["a longer leaf", ["base:allocation2"], [ack(number)]],
    ["another case", ["BASE:allocation"], [ack(number)]],
    ["an unknown namespace", ["qemu:dirty-bitmap:x", "x-none:"], [ack(number)]],
    ["a known one among unknown ones", ["x:y", "base:allocation", "base:z"], found],
    ["no namespace at all", ["allocation", ""], [ack(number)]],
    ["no query", [], setting ? [ack(number)] : found],
  ])("returns the matching contexts with %s", (_, texts, replies) => {
    expectTalk(
      [fixed, option(8), option(number, queries("disk", ...texts)), option(7, about("disk"))],
      [greeting, ack(8), ...replies, optionReply(7, 3, basics(structuredFlags)), ack(7)],
      agreed("disk", "structured", setting && replies === found ? allocation : []),
    );
  });

  it("is refused before structured replies or extended headers", () => {
    const text = "negotiate structured replies before metadata contexts";
    expectTalk(
      [fixed, option(number, queries("disk", "base:allocation"))],
      [greeting, refusal(number, invalid!, text)],
      undefined,
    );
    expectTalk(
      [fixed, option(11), option(number, queries("disk", "base:allocation"))],
      [greeting, ack(11), ...found],
      undefined,
    );
  });

  it("is unsupported when the server has contexts disabled", () => {
    expectTalk(
      [fixed, option(8), option(number, queries("disk", "base:allocation"))],
      [greeting, ack(8), refusal(number, unsupported!, "metadata contexts are switched off")],
      undefined,
      offering({ metaContexts: false }),
    );
  });

  it("of an unknown export is refused", () => {
    expectTalk(
      [fixed, option(8), option(number, queries("absent", "base:allocation"))],
      [greeting, ack(8), refusal(number, unknown!, "no export absent")],
      undefined,
    );
  });

  it.each([
    ["no data", ""],
    ["no count", string("disk")],
    ["a name longer than the option", `ffffffff ${ascii("disk")} 00000000`],
    ["fewer queries than announced", `${string("disk")} 00000002 ${string("base:")}`],
    ["more queries than announced", `${string("disk")} 00000001 ${string("base:")} ${string("base:")}`],
    ["4 Gi queries", `${string("disk")} ffffffff`],
    ["a query longer than the option", `${string("disk")} 00000001 00000006 ${ascii("base:")}`],
    ["a query of 4 GiB", `${string("disk")} 00000001 ffffffff ${ascii("base:")}`],
    ["half a length", `${string("disk")} 00000001 0000`],
    ["bytes after the queries", `${string("disk")} 00000000 00`],
  ])("with %s is refused as invalid", (_, data) => {
    const text = "lengths inside the option do not add up";
    expectTalk(
      [fixed, option(8), option(number, data)],
      [greeting, ack(8), refusal(number, invalid!, text)],
      undefined,
    );
  });

  it.each([
    ["a query that is no UTF-8", `${string("disk")} 00000001 00000001 c3`, "query is not UTF-8"],
    ["a name with a NUL byte", "00000001 00 00000000", "export name contains a NUL byte"],
    [
      "a query of 4097 bytes",
      `${string("disk")} 00000001 00001001 ${"61".repeat(4097)}`,
      "query of 4097 bytes is longer than 4096",
    ],
  ])("with %s is refused as invalid", (_, data, text) => {
    const { sent } = talk(serverHandshake(host), [hex(fixed, option(8), option(number, data))]);
    expect(sent).toEqual(hex(greeting, ack(8), refusal(number, invalid!, text)));
  });
});

describe("contexts that were set", () => {
  const set = option(10, queries("disk", "base:allocation"));
  const isSet = [optionReply(10, 4, context), ack(10)];
  const go = [optionReply(7, 3, basics(structuredFlags)), ack(7)];

  it.each<[string, string, string[]]>([
    ["an empty choice", option(10, queries("disk")), [ack(10)]],
    [
      "an invalid SET_META_CONTEXT",
      option(10, "00"),
      [refusal(10, invalid!, "lengths inside the option do not add up")],
    ],
    [
      "a SET_META_CONTEXT for an unknown export",
      option(10, queries("absent")),
      [refusal(10, unknown!, "no export absent")],
    ],
  ])("are replaced by %s", (_, again, replies) => {
    expectTalk(
      [fixed, option(8), set, again, option(7, about("disk"))],
      [greeting, ack(8), ...isSet, ...replies, ...go],
      agreed("disk", "structured"),
    );
  });

  it("are kept after LIST_META_CONTEXT, and after INFO for another export", () => {
    expectTalk(
      [fixed, option(8), set, option(9, queries("disk")), option(6, about("")), option(7, about("disk"))],
      [
        greeting,
        ack(8),
        ...isSet,
        optionReply(9, 4, listedContext),
        ack(9),
        optionReply(6, 3, basics(structuredFlags)),
        ack(6),
        ...go,
      ],
      agreed("disk", "structured", allocation),
    );
  });
});

describe("several contexts", () => {
  const [dirty, age, other, bitmap] = ["x-a:dirty", "x-a:age", "x-b:dirty", "x-c:bitmap:0"] as const;
  const offered = [
    ...allocation,
    { id: 2, name: dirty },
    { id: 3, name: age, wide: true },
    { id: 4, name: other },
    { id: 5, name: bitmap },
  ];
  const served = { ...host, open: () => ({ ...disk, contexts: offered }) };
  const item = (number: number, id: number, name: string): string =>
    optionReply(number, 4, `${u32(id)} ${ascii(name)}`);
  const all = ["base:allocation", dirty, age, other, bitmap];
  const short = all.filter((name) => name !== age);

  it.each<[string, string[], string[], string[]]>([
    ["no query", [], all, short],
    ["a namespace", ["x-a:"], [dirty, age], [dirty]],
    ["the beginning of a name", ["x-c:bitmap:"], [bitmap], [bitmap]],
    [
      "two namespaces and a name",
      ["x-b:", "base:", age],
      ["base:allocation", age, other],
      ["base:allocation", other],
    ],
    [
      "names in another order",
      [other, age, other, "base:allocation"],
      ["base:allocation", age, other],
      ["base:allocation", other],
    ],
    ["queries that match nothing", ["x-d:", "x-c:dirty", "x-c:bitmap", "dirty", ":dirty", "x-a"], [], []],
  ])(
    "are listed by %s; contexts with 64-bit states only with extended headers",
    (_, asked, extended, structured) => {
      for (const [form, names] of [
        [11, extended],
        [8, structured],
      ] as const) {
        const listed = names.map((name) => item(9, 0, name));
        expectTalk(
          [fixed, option(form), option(9, queries("disk", ...asked))],
          [greeting, ack(form), ...listed, ack(9)],
          undefined,
          served,
        );
      }
    },
  );

  it("are set by their exact names, each with its own id", () => {
    expectTalk(
      [
        fixed,
        option(11),
        option(10, queries("disk", other, "x-a:", age, "base:allocation")),
        option(7, about("disk")),
      ],
      [
        greeting,
        ack(11),
        item(10, 1, "base:allocation"),
        item(10, 3, age),
        item(10, 4, other),
        ack(10),
        optionReply(7, 3, basics(extendedFlags)),
        ack(7),
      ],
      agreed("disk", "extended", [...allocation, { id: 3, name: age }, { id: 4, name: other }]),
      served,
    );
  });

  it("are set without those with 64-bit states by a client without extended headers", () => {
    expectTalk(
      [fixed, option(8), option(10, queries("disk", age, dirty)), option(7, about("disk"))],
      [greeting, ack(8), item(10, 2, dirty), ack(10), optionReply(7, 3, basics(structuredFlags)), ack(7)],
      agreed("disk", "structured", [{ id: 2, name: dirty }]),
      served,
    );
  });
});

describe("NBD_OPT_STARTTLS", () => {
  it("is refused when TLS is off", () => {
    expectTalk(
      [fixed, option(5), option(7, about(""))],
      [
        greeting,
        refusal(5, policy!, "this server does not use TLS"),
        optionReply(7, 3, basics(plainFlags)),
        ack(7),
      ],
      agreed(""),
    );
  });

  it("is refused with data", () => {
    for (const tls of ["off", "on", "require"] as const) {
      const reply = refusal(5, invalid!, "STARTTLS takes no data");
      expectTalk([fixed, option(5, "00")], [greeting, reply], undefined, { ...host, tls });
    }
  });

  it.each([3, 6, 7, 8, 9, 10, 11, 12, 99])("must come before option %i when TLS is required", (number) => {
    const text = "this server requires TLS: send STARTTLS first";
    expectTalk([fixed, option(number)], [greeting, refusal(number, 5, text)], undefined, {
      ...host,
      tls: "require",
    });
  });

  it("need not come before NBD_OPT_ABORT when TLS is required", () => {
    expectTalk([fixed, option(2)], [greeting, ack(2)], undefined, { ...host, tls: "require" });
  });

  it("must come before EXPORT_NAME, or the session ends", () => {
    const { error, sent } = talk(serverHandshake({ ...host, tls: "require" }), [hex(fixed, option(1))]);
    expect(error).toMatchObject({ code: "EPROTO" });
    expect(sent).toHaveLength(18);
  });

  it("with plaintext bytes after it ends the session after the acknowledgement", () => {
    const { error, sent } = talk(serverHandshake({ ...host, tls: "on" }), [hex(fixed, option(5), option(3))]);
    expect(error?.message).toMatch(/in clear/);
    expect(sent).toEqual(hex(greeting, ack(5)));
  });
});

describe("an option that the server does not know", () => {
  it.each([0, 4, 12, 77, 0xffffffff])("%i is refused as unsupported, and its data skipped", (number) => {
    expectTalk(
      [fixed, option(number, "0011223344"), option(7, about(""))],
      [
        greeting,
        refusal(number, unsupported!, `option ${number} is not supported`),
        optionReply(7, 3, basics(plainFlags)),
        ack(7),
      ],
      agreed(""),
    );
  });
});

describe("the server disconnects a client that violates the handshake", () => {
  it.each([
    ["an option without IHAVEOPT", [fixed, `${ascii("IHAVEOPS")} 00000007 00000000`], /IHAVEOPT/],
    [
      "an option over the limit",
      [fixed, `${ascii("IHAVEOPT")} 00000063 ${u32(optionBytesMax + 1)}`],
      /limit/,
    ],
    ["an option of 4 GiB", [fixed, `${ascii("IHAVEOPT")} 00000003 ffffffff`], /4294967295 bytes/],
    ["an export name that is no UTF-8", [fixed, option(1, "ff")], /UTF-8/],
    ["an export name of 4097 bytes", [fixed, option(1, "61".repeat(4097))], /4097/],
  ])("%s", (_, bytes, reason) => {
    for (const chunks of everyCut(hex(...bytes))) {
      const { error, sent } = talk(serverHandshake(host), chunks);
      expect(error?.message).toMatch(reason);
      expect(sent).toEqual(hex(greeting));
    }
  });

  it("too many options", () => {
    const options = Array.from({ length: optionsMax }, () => option(77));
    const { error, sent } = talk(serverHandshake(host), [hex(fixed, ...options, option(7, about("")))]);
    expect(error).toMatchObject({ code: "EPROTO", message: expect.stringContaining("64 options") });
    expect(sent).toEqual(
      hex(greeting, ...options.map(() => refusal(77, unsupported!, "option 77 is not supported"))),
    );
  });

  it("an option of exactly the maximum length is accepted", () => {
    const { sent } = talk(serverHandshake(host), [
      hex(fixed, `${ascii("IHAVEOPT")} 0000004d ${u32(optionBytesMax)}`),
      Buffer.alloc(optionBytesMax),
      hex(option(2)),
    ]);
    expect(sent).toEqual(hex(greeting, refusal(77, unsupported!, "option 77 is not supported"), ack(2)));
  });
});

describe("a server that lists many exports", () => {
  it("accepts options for each of them", () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ name: `disk${index}` }));
    const served = { ...host, listExports: () => many, open: () => disk };
    const questions = many.flatMap(({ name }) => [option(6, about(name)), option(9, queries(name))]);
    const { error, result } = talk(serverHandshake(served), [
      hex(fixed, option(8), option(3), ...questions, option(7, about("disk7"))),
    ]);
    expect(error).toBeUndefined();
    expect(result).toEqual(agreed("disk7", "structured"));
  });

  it("limits the number of options after repeated lists", () => {
    const served = { ...host, listExports: () => [{ name: "disk" }] };
    const lists = Array.from({ length: 200 }, () => option(3));
    const { error } = talk(serverHandshake(served), [hex(fixed, ...lists)]);
    expect(error).toMatchObject({ code: "EPROTO" });
  });
});

describe("oldstyle", () => {
  it("describes the export and then starts transmission", () => {
    const { sent, result } = talk(oldstyleHandshake(host), []);
    expect(sent).toEqual(
      hex(ascii("NBDMAGIC"), "0000420281861253 0000000000100000 0000054d", "00".repeat(124)),
    );
    expect(result).toEqual(agreed(""));
  });
});
