import { describe, expect, it } from "vitest";
import { clientHandshake } from "../../../src/protocol/client/handshake.ts";
import { ascii, everyCut, exportItem, greeting, hex, optionReply, talk, unsupported } from "./talk.ts";

const options = {
  tls: "off",
  structuredReplies: true,
  extendedHeaders: true,
  exportName: "disk",
  metaContexts: ["base:allocation"],
} as const;

const context = `00000007 ${ascii("base:allocation")}`;
const whole = [
  greeting,
  optionReply(11, unsupported),
  optionReply(8, 1),
  optionReply(10, 4, context),
  optionReply(10, 1),
  optionReply(7, 3, exportItem),
  optionReply(7, 3, `0001 ${ascii("real")}`),
  optionReply(7, 3, `0002 ${ascii("a disk")}`),
  optionReply(7, 3, "0003 00000200 00001000 02000000"),
  optionReply(7, 3, "0063 ffff"),
  optionReply(7, 1),
];

describe("clientHandshake", () => {
  it("negotiates the features that the server offers, wherever the stream is split", () => {
    for (const chunks of everyCut(hex(...whole, "abcd"))) {
      const { result, error, rest } = talk(clientHandshake(options), chunks);
      expect(error).toBeUndefined();
      expect(result).toEqual({
        style: "newstyle-fixed",
        exportName: "disk",
        replyForm: "structured",
        contexts: [{ id: 7, name: "base:allocation" }],
        availableContexts: [],
        info: {
          size: 1048576n,
          flags: 0x05cd,
          name: "real",
          description: "a disk",
          blockSize: { minimum: 512, preferred: 4096, maximum: 33554432 },
        },
      });
      // Bytes after the handshake belong to the transmission phase. Only the last chunk can contain them.
      expect(hex("abcd").subarray(0, rest!.length)).toEqual(rest);
    }
  });

  it("sends the flags, then the options in order, byte for byte", () => {
    const { sent } = talk(clientHandshake(options), [hex(...whole)]);
    const option = (number: string, length: string): string => `${ascii("IHAVEOPT")} ${number} ${length}`;
    expect(sent.toString("hex")).toBe(
      hex(
        "00000003",
        option("0000000b", "00000000"),
        option("00000008", "00000000"),
        `${option("0000000a", "0000001f")} 00000004 ${ascii("disk")} 00000001 0000000f ${ascii("base:allocation")}`,
        `${option("00000007", "00000010")} 00000004 ${ascii("disk")} 0003 0001 0002 0003`,
      ).toString("hex"),
    );
  });

  it("prefers extended headers to structured replies", () => {
    const bytes = [
      greeting,
      optionReply(11, 1),
      optionReply(10, 1),
      optionReply(7, 3, exportItem),
      optionReply(7, 1),
    ];
    expect(talk(clientHandshake(options), [hex(...bytes)]).result).toMatchObject({
      replyForm: "extended",
      contexts: [],
    });
  });

  it.each([
    ["without zeroes", "0003", ""],
    ["with zeroes", "0001", "00".repeat(124)],
  ])("falls back to EXPORT_NAME when GO is unknown, %s", (_, flags, zeroes) => {
    const bytes = hex(
      `${ascii("NBDMAGIC")}${ascii("IHAVEOPT")}${flags}`,
      optionReply(11, unsupported),
      optionReply(8, unsupported),
      optionReply(7, unsupported),
      "0000000000000400 0003",
      zeroes,
      "ff",
    );
    for (const chunks of everyCut(bytes)) {
      expect(talk(clientHandshake(options), chunks).result).toMatchObject({
        replyForm: "simple",
        info: { size: 1024n, flags: 3 },
      });
    }
  });

  it("sends NBD_OPT_EXPORT_NAME immediately when the server is not fixed newstyle", () => {
    const bytes = hex(`${ascii("NBDMAGIC")}${ascii("IHAVEOPT")}0002`, "0000000000000400 0001");
    const { result, sent } = talk(clientHandshake(options), [bytes]);
    expect(result).toMatchObject({ style: "newstyle", info: { size: 1024n } });
    expect(sent).toEqual(hex(`00000002 ${ascii("IHAVEOPT")} 00000001 00000004 ${ascii("disk")}`));
  });

  it("names the missing export when a server without fixed newstyle closes the connection", () => {
    const { error } = talk(clientHandshake(options), [hex(`${ascii("NBDMAGIC")}${ascii("IHAVEOPT")}0002`)]);
    expect(error).toMatchObject({ code: "ENOENT", message: expect.stringContaining('export "disk"') });
  });

  it("supports oldstyle servers", () => {
    const bytes = hex(ascii("NBDMAGIC"), "0000420281861253 0000000000000400 00000003", "00".repeat(124));
    for (const chunks of everyCut(bytes)) {
      const { result, sent } = talk(clientHandshake(options), chunks);
      expect(result).toMatchObject({ style: "oldstyle", exportName: "", info: { size: 1024n, flags: 3 } });
      expect(sent).toHaveLength(0);
    }
  });

  it("reports the message of a refusal, after NBD_OPT_ABORT", () => {
    const bytes = [greeting, optionReply(11, unsupported), optionReply(8, unsupported)];
    const refusal = optionReply(7, 0x80000006, ascii("no\nsuch\u001b[2J thing"));
    const { error, sent } = talk(clientHandshake(options), [hex(...bytes, refusal)]);
    expect(error).toMatchObject({
      code: "ENOENT",
      message: 'export "disk": no such export (no such [2J thing)',
    });
    expect(sent.subarray(-16)).toEqual(hex(`${ascii("IHAVEOPT")} 00000002 00000000`));
  });

  it("starts TLS before any other option", () => {
    const bytes = hex(greeting, optionReply(5, 0x80000002, ascii("never")));
    const { error, sent } = talk(clientHandshake({ ...options, tls: "require" }), [bytes]);
    expect(sent).toEqual(hex(`00000003 ${ascii("IHAVEOPT")} 00000005 00000000`));
    expect(error).toMatchObject({ code: "EPERM", message: expect.stringContaining("never") });
  });
});

const start = [greeting, optionReply(11, unsupported), optionReply(8, unsupported)];

describe("the client disconnects from a server that violates the protocol in the handshake", () => {
  it.each<[string, string[], RegExp]>([
    ["a wrong greeting", [ascii("SSH-2.0-OpenSSH_")], /NBDMAGIC/],
    ["an unknown style", [ascii("NBDMAGICNBDMAGIC")], /unknown style/],
    ["a wrong reply magic", [greeting, optionReply(11, 1).replace("0003e889", "0003e88a")], /magic/],
    ["the wrong option", [greeting, optionReply(8, 1)], /reply to option 8 when 11/],
    ["an unknown reply type", [greeting, optionReply(11, 9)], /unknown reply type 9/],
    ["a reply that is too long", [greeting, "0003e889045565a9 0000000b 80000001 00100000"], /over the limit/],
    ["no NBD_INFO_EXPORT", [...start, optionReply(7, 1)], /NBD_INFO_EXPORT is missing/],
    [
      "NBD_INFO_EXPORT twice",
      [...start, optionReply(7, 3, exportItem), optionReply(7, 3, exportItem), optionReply(7, 1)],
      /came twice/,
    ],
    [
      "a short NBD_INFO_EXPORT",
      [...start, optionReply(7, 3, "0000 0000"), optionReply(7, 1)],
      /4 bytes instead of 12/,
    ],
    ["information without a type", [...start, optionReply(7, 3, "00"), optionReply(7, 1)], /without a type/],
    [
      "a size of 2^63",
      [...start, optionReply(7, 3, "0000 8000000000000000 0001"), optionReply(7, 1)],
      /over the limit of 2\^63-1/,
    ],
    [
      "a minimum block of 3",
      [...start, optionReply(7, 3, "0003 00000003 00001000 02000000"), optionReply(7, 1)],
      /minimum/,
    ],
    [
      "a minimum block of 0",
      [...start, optionReply(7, 3, "0003 00000000 00001000 02000000"), optionReply(7, 1)],
      /minimum/,
    ],
    [
      "a minimum block of 128 KiB",
      [...start, optionReply(7, 3, "0003 00020000 00020000 02000000"), optionReply(7, 1)],
      /minimum block size 131072 is not a power of 2 up to 65536/,
    ],
    [
      "a maximum too small",
      [...start, optionReply(7, 3, "0003 00000200 00001000 00000200"), optionReply(7, 1)],
      /maximum/,
    ],
    ["a name that is no UTF-8", [...start, optionReply(7, 3, "0001 ff"), optionReply(7, 1)], /UTF-8/],
    [
      "one context twice",
      [
        greeting,
        optionReply(11, 1),
        optionReply(10, 4, context),
        optionReply(10, 4, context),
        optionReply(10, 1),
      ],
      /came twice/,
    ],
    [
      "a context without id",
      [greeting, optionReply(11, 1), optionReply(10, 4, "00"), optionReply(10, 1)],
      /without an id/,
    ],
    [
      "extended headers without GO",
      [greeting, optionReply(11, 1), optionReply(10, 1), optionReply(7, unsupported)],
      /GO/,
    ],
  ])("%s", (_, bytes, reason) => {
    const { error } = talk(clientHandshake(options), [hex(...bytes)]);
    expect(error).toMatchObject({ code: "EPROTO", message: expect.stringMatching(reason) });
  });
});
