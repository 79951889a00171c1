import { describe, expect, it } from "vitest";
import { clientListing } from "../../../src/protocol/client/listing.ts";
import { ascii, everyCut, exportItem, greeting, hex, optionReply, talk, unsupported } from "./talk.ts";

const options = { tls: "off", structuredReplies: true, extendedHeaders: false } as const;

describe("clientListing", () => {
  it("requests the info of each export, and omits the info of those that it may not open", () => {
    const bytes = hex(
      greeting,
      optionReply(8, 1),
      optionReply(3, 2, `00000001 ${ascii("a")} ${ascii("first")}`),
      optionReply(3, 2, `00000001 ${ascii("b")}`),
      optionReply(3, 1),
      optionReply(6, 3, exportItem),
      optionReply(6, 1),
      optionReply(9, 4, `00000000 ${ascii("base:allocation")}`),
      optionReply(9, 1),
      optionReply(6, 0x80000002),
    );
    for (const chunks of everyCut(bytes)) {
      expect(talk(clientListing(options), chunks).result).toEqual({
        style: "newstyle-fixed",
        replyForm: "structured",
        exports: [
          {
            name: "a",
            description: "first",
            info: { size: 1048576n, flags: 0x05cd },
            contexts: ["base:allocation"],
          },
          { name: "b", contexts: [] },
        ],
      });
    }
  });

  it.each<[string, string[], string, RegExp]>([
    ["a refusal", [optionReply(3, 0x80000002, ascii("secret"))], "EPERM", /policy forbids it \(secret\)/],
    ["a listing without name", [optionReply(3, 2, "00"), optionReply(3, 1)], "EPROTO", /without a name/],
    [
      "a name beyond its listing",
      [optionReply(3, 2, "00000005 61"), optionReply(3, 1)],
      "EPROTO",
      /longer than itself/,
    ],
  ])("reports %s", (_, replies, code, reason) => {
    const { error } = talk(clientListing(options), [hex(greeting, optionReply(8, unsupported), ...replies)]);
    expect(error).toMatchObject({ code, message: expect.stringMatching(reason) });
  });

  it("fails with an oldstyle or unfixed newstyle server, which cannot list", () => {
    const { error } = talk(clientListing(options), [hex(`${ascii("NBDMAGIC")}${ascii("IHAVEOPT")}0000`)]);
    expect(error).toMatchObject({ code: "ENOTSUP" });
  });

  it("limits the number of listed exports", () => {
    const many = optionReply(3, 2, "00000000").repeat(10_001);
    const { error } = talk(clientListing(options), [hex(greeting, optionReply(8, 1), many)]);
    expect(error).toMatchObject({ code: "EPROTO", message: expect.stringContaining("more than 10000") });
  });

  /** A description of maximum length, as hex. */
  const long = "61".repeat(16_000);

  it("limits the bytes of the replies to one option", () => {
    const replies = Array.from({ length: 2200 }, () => hex(optionReply(3, 2, `00000000${long}`)));
    const { error } = talk(clientListing(options), [hex(greeting, optionReply(8, 1)), ...replies]);
    expect(error).toMatchObject({
      code: "EPROTO",
      message: expect.stringContaining("more than 33554432 bytes of replies to option 3"),
    });
  });

  it("limits the bytes of the contexts of all exports", () => {
    const contexts = Array.from({ length: 1000 }, () => optionReply(9, 4, `00000000${"61".repeat(4000)}`));
    const described = hex(optionReply(6, 3, exportItem), optionReply(6, 1), ...contexts, optionReply(9, 1));
    const listed = hex(
      greeting,
      optionReply(8, 1),
      ...Array(20).fill(optionReply(3, 2, "00000000")),
      optionReply(3, 1),
    );
    const { error } = talk(clientListing(options), [listed, ...Array(20).fill(described)]);
    expect(error).toMatchObject({
      code: "EPROTO",
      message: expect.stringContaining("a listing of more than 67108864 bytes"),
    });
  });
});
