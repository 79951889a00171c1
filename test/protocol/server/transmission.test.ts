import { describe, expect, it } from "vitest";
import type { Handle } from "../../../src/contract/handle.ts";
import type { MetaContext } from "../../../src/contract/meta-context.ts";
import { NbdError } from "../../../src/core/errors.ts";
import type { StatusExtent } from "../../../src/core/extent.ts";
import { blockStatusExtentsMax, requestBytesMax } from "../../../src/protocol/constants.ts";
import { bufferDisk, MemorySession, type MemorySessionOptions, turn } from "../../helpers/memory-session.ts";
import { until } from "../../helpers/until.ts";
import { ascii, everyCut, hex } from "../client/talk.ts";

type Form = "simple" | "structured" | "extended";
const forms: readonly Form[] = ["simple", "structured", "extended"];

/** 4 KiB. The value of each byte is its offset modulo 256. */
const content = (): Buffer => Buffer.from(Uint8Array.from({ length: 4096 }, (_, at) => at & 0xff));
const u16 = (value: number): string => value.toString(16).padStart(4, "0");
const u32 = (value: number): string => value.toString(16).padStart(8, "0");
const u64 = (value: number | bigint): string => value.toString(16).padStart(16, "0");
const option = (number: number, data = ""): string =>
  `${ascii("IHAVEOPT")} ${u32(number)} ${u32(hex(data).length)} ${data}`;

const [read, write, disconnect, flush, trim, cache, zero, blockStatus] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const [fua, noHole, dontFragment, requestOne, fastZero, payloadLength] = [1, 2, 4, 8, 16, 32] as const;
const cookie = "c00c1e0000000001";

interface Fields {
  readonly command: number;
  readonly flags?: number;
  readonly offset?: number | bigint;
  readonly length?: number | bigint;
  readonly payload?: string;
}

/** Builds a request in the given form. Extended writes announce their payload. */
function request(form: Form, fields: Fields): string {
  const { command, flags = 0, offset = 0, length = 0, payload = "" } = fields;
  if (form !== "extended") {
    return `25609513 ${u16(flags)} ${u16(command)} ${cookie} ${u64(offset)} ${u32(Number(length))} ${payload}`;
  }
  const all = command === write ? flags | payloadLength : flags;
  return `21e41c71 ${u16(all)} ${u16(command)} ${cookie} ${u64(offset)} ${u64(length)} ${payload}`;
}

/** Builds the reply to a request that succeeds and returns no data. */
function success(form: Form, offset: number | bigint = 0): string {
  return form === "extended"
    ? `6e8a278c 0001 0000 ${cookie} ${u64(offset)} ${u64(0)}`
    : `67446698 00000000 ${cookie}`;
}

function failure(form: Form, code: number, text: string, offset: number | bigint = 0): string {
  const payload = `${u32(code)} ${u16(Buffer.byteLength(text))} ${ascii(text)}`;
  if (form === "simple") return `67446698 ${u32(code)} ${cookie}`;
  if (form === "structured") return `668e33ef 0001 8001 ${cookie} ${u32(hex(payload).length)} ${payload}`;
  return `6e8a278c 0001 8001 ${cookie} ${u64(offset)} ${u64(hex(payload).length)} ${payload}`;
}

function readReply(form: Form, offset: number, data: string): string {
  const length = hex(data).length;
  if (form === "simple") return `67446698 00000000 ${cookie} ${data}`;
  if (form === "structured") return `668e33ef 0001 0001 ${cookie} ${u32(8 + length)} ${u64(offset)} ${data}`;
  return `6e8a278c 0001 0001 ${cookie} ${u64(offset)} ${u64(8 + length)} ${u64(offset)} ${data}`;
}

const negotiation: Readonly<Record<Form, string>> = {
  simple: "",
  structured: option(8),
  extended: option(11),
};
/** Builds SET_META_CONTEXT for the default export. */
const setContexts = (names: readonly string[]): string =>
  option(
    10,
    `00000000 ${u32(names.length)} ${names.map((name) => `${u32(name.length)} ${ascii(name)}`).join("")}`,
  );

interface Sandbox extends Partial<Omit<MemorySessionOptions, "open">> {
  readonly disk?: Partial<Handle>;
  readonly content?: Buffer;
  /** Metadata contexts; `base:allocation` when absent. */
  readonly contexts?: readonly string[];
}

/** Makes a session at the start of the transmission phase. */
async function transmission(form: Form, sandbox: Sandbox = {}): Promise<MemorySession> {
  const bytes = sandbox.content ?? content();
  // Serialise the requests, so that the replies have the order of the requests.
  const memory = new MemorySession({
    threads: 1,
    ...sandbox,
    open: () => ({ ...bufferDisk(bytes), ...sandbox.disk }),
  });
  await memory.start();
  const contexts = form === "simple" ? "" : setContexts(sandbox.contexts ?? ["base:allocation"]);
  memory.transport.deliver(hex("00000003", negotiation[form], contexts, option(7, "00000000 0000")));
  const acknowledged = hex("0003e889045565a9 00000007 00000001 00000000");
  await until("the end of the handshake", () => memory.sent.subarray(-20).equals(acknowledged));
  memory.sent = Buffer.alloc(0);
  return memory;
}

/** Sends the chunks and then EOF, and returns everything that the server sent. */
async function answers(form: Form, chunks: readonly Buffer[], sandbox?: Sandbox): Promise<Buffer> {
  const memory = await transmission(form, sandbox);
  for (const chunk of chunks) memory.transport.deliver(chunk);
  memory.transport.deliverEnd();
  await memory.session.finished;
  return memory.sent;
}

/** Expects exactly these replies to the requests, however the stream is split. */
async function expectReplies(
  form: Form,
  requests: string[],
  replies: string[],
  sandbox?: Sandbox,
): Promise<void> {
  for (const chunks of everyCut(hex(...requests))) {
    expect((await answers(form, chunks, sandbox)).toString("hex")).toBe(hex(...replies).toString("hex"));
  }
}

describe.each(forms)("with %s replies", (form) => {
  const text = (fields: Fields): string => request(form, fields);

  it("READ returns the bytes", async () => {
    await expectReplies(
      form,
      [text({ command: read, offset: 0x102, length: 5 })],
      [readReply(form, 0x102, "02 03 04 05 06")],
    );
  });

  it("READ reaches the last byte", async () => {
    await expectReplies(
      form,
      [text({ command: read, offset: 4095, length: 1 })],
      [readReply(form, 4095, "ff")],
    );
  });

  it("WRITE changes the bytes, with and without FUA", async () => {
    for (const flags of [0, fua]) {
      await expectReplies(
        form,
        [
          text({ command: write, flags, offset: 7, length: 3, payload: "aabbcc" }),
          text({ command: read, offset: 6, length: 5 }),
        ],
        [success(form, 7), readReply(form, 6, "06 aa bb cc 0a")],
      );
    }
  });

  it("WRITE_ZEROES zeroes the bytes, with any of its flags", async () => {
    for (const flags of [0, fua, noHole, fastZero, fua | noHole | fastZero]) {
      await expectReplies(
        form,
        [
          text({ command: zero, flags, offset: 0x20, length: 2 }),
          text({ command: read, offset: 0x1f, length: 4 }),
        ],
        [success(form, 0x20), readReply(form, 0x1f, "1f 00 00 22")],
      );
    }
  });

  it("FLUSH, TRIM and CACHE succeed, with FUA too", async () => {
    for (const flags of [0, fua]) {
      await expectReplies(form, [text({ command: flush, flags })], [success(form)]);
      await expectReplies(
        form,
        [text({ command: trim, flags, offset: 512, length: 512 })],
        [success(form, 512)],
      );
      await expectReplies(form, [text({ command: cache, flags, offset: 1, length: 9 })], [success(form, 1)]);
    }
  });

  it("NBD_CMD_DISC has no reply and closes the connection after all pending replies", async () => {
    const late: Partial<Handle> = { read: (into) => turn().then(() => void into.fill(0x11)) };
    const requests = [
      text({ command: read, length: 2 }),
      text({ command: disconnect }),
      text({ command: read, length: 3 }),
    ];
    await expectReplies(form, requests.slice(1), []);
    await expectReplies(form, requests, [readReply(form, 0, "1111")], { disk: late });
  });

  it("an incomplete request at EOF is not executed", async () => {
    const whole = hex(text({ command: write, offset: 0, length: 4, payload: "ffffffff" }));
    for (let length = 0; length < whole.length; length++) {
      const bytes = content();
      expect(await answers(form, [whole.subarray(0, length)], { content: bytes })).toHaveLength(0);
      expect(bytes).toEqual(content());
    }
  });

  it("requests that arrive in one piece are answered separately, with their cookies", async () => {
    const other = (bytes: string): string => bytes.replace(cookie, "ffffffffffffffff");
    await expectReplies(
      form,
      [text({ command: read, length: 1 }), other(text({ command: flush })), text({ command: flush })],
      [readReply(form, 0, "00"), other(success(form)), success(form)],
    );
  });

  it("the error and the message of a failing plugin reach the client, as far as the reply form allows", async () => {
    const disk: Partial<Handle> = {
      read: () => Promise.reject(new NbdError("ENOSPC", "disk\nfull")),
      write: () => {
        throw new NbdError("EROFS", "write protected");
      },
      flush: () => Promise.reject("no error at all"),
    };
    const sandbox = { disk };
    await expectReplies(
      form,
      [text({ command: read, offset: 5, length: 1 })],
      [failure(form, 28, "disk full", 5)],
      sandbox,
    );
    await expectReplies(
      form,
      [text({ command: write, offset: 3, length: 1, payload: "00" })],
      [failure(form, 1, "write protected", 3)],
      sandbox,
    );
    await expectReplies(form, [text({ command: flush })], [failure(form, 5, "no error at all")], sandbox);
  });

  it("EOVERFLOW and ENOTSUP are sent only for requests with the flag that allows them", async () => {
    const fails = (code: string) => () => Promise.reject(new NbdError(code, "no"));
    const disk: Partial<Handle> = {
      read: fails("EOVERFLOW"),
      trim: fails("EOPNOTSUPP"),
      zero: fails("ENOTSUP"),
      cache: fails("ENOTSUP"),
      fastZero: true,
    };
    const cases: [Fields, number][] = [
      [{ command: read, length: 1 }, 22],
      [{ command: trim, length: 1 }, 22],
      [{ command: cache, length: 1 }, 22],
      [{ command: zero, flags: fastZero, length: 1 }, 95],
    ];
    if (form !== "simple") cases.push([{ command: read, flags: dontFragment, length: 1 }, 75]);
    for (const [fields, code] of cases)
      await expectReplies(form, [text(fields)], [failure(form, code, "no")], { disk });
  });

  const wrong: [string, Fields, number, string, Sandbox?][] = [
    [
      "a READ past the end",
      { command: read, offset: 4096, length: 2 },
      22,
      "read of 2 bytes at 4096 goes past the end at 4096",
    ],
    [
      "a READ that wraps around",
      { command: read, offset: 2n ** 64n - 1n, length: 2 },
      22,
      "read of 2 bytes at 18446744073709551615 goes past the end at 4096",
    ],
    ["a READ of no bytes", { command: read, offset: 9 }, 22, "read of no bytes"],
    [
      "a READ over 64 MiB",
      { command: read, offset: 512, length: requestBytesMax + 1 },
      22,
      "read of 67108865 bytes is over the limit",
    ],
    [
      "a WRITE past the end",
      { command: write, offset: 4095, length: 2, payload: "0000" },
      28,
      "write of 2 bytes at 4095 goes past the end at 4096",
    ],
    ["a WRITE of no bytes", { command: write, offset: 9 }, 22, "write of no bytes"],
    [
      "a WRITE_ZEROES past the end",
      { command: zero, offset: 0, length: 4097 },
      28,
      "zero of 4097 bytes at 0 goes past the end at 4096",
    ],
    [
      "a TRIM past the end",
      { command: trim, offset: 4096, length: 1 },
      22,
      "trim of 1 bytes at 4096 goes past the end at 4096",
    ],
    [
      "a CACHE past the end",
      { command: cache, offset: 4096, length: 1 },
      22,
      "cache of 1 bytes at 4096 goes past the end at 4096",
    ],
    [
      "a BLOCK_STATUS past the end",
      { command: blockStatus, offset: 4096, length: 1 },
      22,
      "blockStatus of 1 bytes at 4096 goes past the end at 4096",
    ],
    [
      "a FLUSH of a range",
      { command: flush, offset: 512, length: 512 },
      22,
      "flush takes no offset and no length",
    ],
    ["an unknown command", { command: 8, offset: 77, length: 1 }, 22, "unknown command 8"],
    ["an unknown command without fields", { command: 0xffff }, 22, "unknown command 65535"],
    [
      "an unknown flag",
      { command: read, flags: 0x8000, offset: 5, length: 1 },
      22,
      "flags 0x8000 are not valid for command 0",
    ],
    [
      "NO_HOLE on a READ",
      { command: read, flags: noHole, offset: 5, length: 1 },
      22,
      "flags 0x2 are not valid for command 0",
    ],
    [
      "DF on a WRITE_ZEROES",
      { command: zero, flags: dontFragment, length: 1 },
      22,
      "flags 0x4 are not valid for command 6",
    ],
    [
      "REQ_ONE on a CACHE",
      { command: cache, flags: requestOne, length: 1 },
      22,
      "flags 0x8 are not valid for command 5",
    ],
    [
      "FAST_ZERO on a TRIM",
      { command: trim, flags: fastZero, length: 1 },
      22,
      "flags 0x10 are not valid for command 4",
    ],
    [
      "a WRITE to a read-only export",
      { command: write, offset: 1, length: 1, payload: "00" },
      1,
      "this export is read-only",
      { readOnly: true },
    ],
    [
      "a TRIM of a read-only export",
      { command: trim, offset: 1, length: 1 },
      1,
      "this export is read-only",
      { readOnly: true },
    ],
    [
      "a WRITE_ZEROES to a read-only export",
      { command: zero, offset: 1, length: 1 },
      1,
      "this export is read-only",
      { readOnly: true },
    ],
    [
      "a FLUSH that was not offered",
      { command: flush },
      22,
      "this export cannot flush",
      { disk: { flush: undefined! } },
    ],
    [
      "a TRIM that was not offered",
      { command: trim, length: 1 },
      22,
      "this export cannot trim",
      { disk: { trim: undefined! } },
    ],
    [
      "a CACHE that was not offered",
      { command: cache, length: 1 },
      22,
      "this export cannot cache",
      { disk: { cache: undefined! } },
    ],
    [
      "FUA that was not offered",
      { command: write, flags: fua, length: 1, payload: "00" },
      22,
      "this export has no FUA",
      { disk: { nativeFua: false, flush: undefined! } },
    ],
    [
      "FAST_ZERO that was not offered",
      { command: zero, flags: fastZero, length: 1 },
      22,
      "this export has no fast zero",
      { disk: { fastZero: false } },
    ],
    [
      "FAST_ZERO that would be slow",
      { command: zero, flags: fastZero, length: 1 },
      95,
      "the plugin cannot zero quickly",
      { disk: { zero: undefined! } },
    ],
    [
      "an offset that is not a multiple of the minimum block size",
      { command: read, offset: 256, length: 512 },
      22,
      "read of 512 bytes at 256 is not a multiple of 512 bytes",
      { disk: { blockSize: { minimum: 512, preferred: 512, maximum: 4096 } } },
    ],
    [
      "a length that is not a multiple of the minimum block size",
      { command: zero, offset: 512, length: 513 },
      22,
      "zero of 513 bytes at 512 is not a multiple of 512 bytes",
      { disk: { blockSize: { minimum: 512, preferred: 512, maximum: 4096 } } },
    ],
  ];

  it.each<(typeof wrong)[number]>(wrong)(
    "%s gets its error, and the next request is served",
    async (_, fields, code, message, sandbox) => {
      await expectReplies(
        form,
        [text(fields), text({ command: read, length: 512 })],
        [failure(form, code, message, fields.offset), readReply(form, 0, content().toString("hex", 0, 512))],
        sandbox,
      );
    },
  );

  it("a READ across the end gets the data up to the end and the offset of the end, unless DF is set", async () => {
    const reason = "read of 3 bytes at 4094 goes past the end at 4096";
    const ask = { command: read, offset: 4094, length: 3 };
    const payload = `${u32(22)} ${u16(reason.length)} ${ascii(reason)} ${u64(4096)}`;
    const head = form === "extended" ? `6e8a278c` : `668e33ef`;
    const lengthOf = (bytes: number) => (form === "extended" ? `${u64(4094)} ${u64(bytes)}` : u32(bytes));
    const data = `${head} 0000 0001 ${cookie} ${lengthOf(10)} ${u64(4094)} feff`;
    const end = `${head} 0001 8002 ${cookie} ${lengthOf(hex(payload).length)} ${payload}`;
    const cut = form === "simple" ? [failure(form, 22, reason)] : [data, end];
    await expectReplies(form, [text(ask)], cut);
    if (form === "simple") return;
    await expectReplies(form, [text({ ...ask, flags: dontFragment })], [failure(form, 22, reason, 4094)]);
  });

  it("a READ across the end gets no data when the part inside is not whole blocks", async () => {
    const blockSize = { minimum: 512, preferred: 512, maximum: 4096 };
    for (const [size, offset] of [
      [4000n, 3584],
      [4096n, 3800],
    ] as const) {
      const reason = `read of 512 bytes at ${offset} goes past the end at ${size}`;
      const ask = text({ command: read, offset, length: 512 });
      await expectReplies(form, [ask], [failure(form, 22, reason, offset)], { disk: { size, blockSize } });
    }
  });

  it("a WRITE over 64 MiB is skipped and refused with ENOMEM", async () => {
    const length = requestBytesMax + 1;
    const chunks = [hex(text({ command: write, offset: 8, length })), Buffer.alloc(length - 1)];
    const replies = await answers(form, [...chunks, hex("00", text({ command: flush }))]);
    const reason = `payload of ${length} bytes is over the limit`;
    expect(replies).toEqual(hex(failure(form, 12, reason, 8), success(form)));
  });

  it("a WRITE over 128 MiB ends the connection before its payload", async () => {
    const memory = await transmission(form);
    memory.transport.deliver(hex(text({ command: write, length: 2 * requestBytesMax + 1 })));
    await memory.session.finished;
    expect(memory.sent).toHaveLength(0);
    expect(memory.errors).toEqual([expect.stringContaining("payload of 134217729 bytes is over the limit")]);
  });

  it("a wrong magic number closes the connection after all pending replies", async () => {
    const wrongMagic = form === "extended" ? "25609513" : "21e41c71";
    const due = hex(text({ command: flush }), wrongMagic, "00".repeat(28));
    for (const chunks of everyCut(due)) {
      const memory = await transmission(form);
      for (const chunk of chunks) memory.transport.deliver(chunk);
      await memory.session.finished;
      expect(memory.sent).toEqual(hex(success(form)));
      expect(memory.errors).toEqual(["invalid request: wrong magic number"]);
    }
  });
});

describe("READ of zeroes", () => {
  const grain = 0x8000;
  /** 32 KiB of ones, 32 KiB of zeroes, and one byte. */
  const striped: Sandbox = {
    content: Buffer.concat([Buffer.alloc(grain, 1), Buffer.alloc(grain), Buffer.alloc(1, 2)]),
  };
  const fields = { command: read, offset: grain - 1, length: grain + 2 };
  const chunk = (form: "structured" | "extended", done: number, type: number, payload: string): string =>
    form === "structured"
      ? `668e33ef ${u16(done)} ${u16(type)} ${cookie} ${u32(hex(payload).length)} ${payload}`
      : `6e8a278c ${u16(done)} ${u16(type)} ${cookie} ${u64(grain - 1)} ${u64(hex(payload).length)} ${payload}`;

  it.each(["structured", "extended"] as const)("sends holes with %s replies", async (form) => {
    await expectReplies(
      form,
      [request(form, fields)],
      [
        chunk(form, 0, 1, `${u64(grain - 1)} 01`),
        chunk(form, 0, 2, `${u64(grain)} ${u32(grain)}`),
        chunk(form, 1, 1, `${u64(2 * grain)} 02`),
      ],
      striped,
    );
  });

  it.each(forms)(
    "sends the zeroes with %s replies when they are few, when DF is set, or when replies are simple",
    async (form) => {
      const all = { ...fields, flags: form === "simple" ? 0 : dontFragment };
      await expectReplies(
        form,
        [request(form, all)],
        [readReply(form, grain - 1, `01 ${"00".repeat(grain)} 02`)],
        striped,
      );
      const few = { ...fields, offset: grain, length: 512 };
      await expectReplies(form, [request(form, few)], [readReply(form, grain, "00".repeat(512))], striped);
    },
  );
});

describe("a fast zero that would be slow", () => {
  it("is refused without a log message, because it is only a query", async () => {
    const memory = await transmission("simple", { disk: { zero: undefined! } });
    memory.transport.deliver(hex(request("simple", { command: zero, flags: fastZero, length: 1 })));
    memory.transport.deliverEnd();
    await memory.session.finished;
    expect(memory.sent).toEqual(hex(failure("simple", 95, "")));
    expect(memory.errors).toEqual([]);
  });
});

describe("the DF flag", () => {
  const fields = { command: read, flags: dontFragment, offset: 1, length: 2 };

  it("is accepted with structured and extended replies", async () => {
    await expectReplies("structured", [request("structured", fields)], [readReply("structured", 1, "0102")]);
    await expectReplies("extended", [request("extended", fields)], [readReply("extended", 1, "0102")]);
  });

  it("is refused with simple replies, which do not offer it", async () => {
    await expectReplies("simple", [request("simple", fields)], [failure("simple", 22, "")]);
  });
});

describe("BLOCK_STATUS", () => {
  const MiB = 1024n * 1024n;
  /** 4 GiB of data, 4 GiB of hole, and 1 MiB that is allocated and zero. */
  const map = [
    { length: 4096n * MiB, hole: false, zero: false },
    { length: 4096n * MiB, hole: true, zero: true },
    { length: MiB, hole: false, zero: true },
  ];
  const large: Sandbox = {
    disk: {
      size: 8193n * MiB,
      extents: (offset) => {
        let skip = offset;
        return map.flatMap(({ length, hole, zero: zeroed }) => {
          const skipped = skip < length ? skip : length;
          skip -= skipped;
          return [{ length: length - skipped, hole, zero: zeroed }];
        });
      },
    },
  };
  const statusChunk = (form: "structured" | "extended", offset: number | bigint, extents: string): string => {
    const length = hex(extents).length;
    return form === "structured"
      ? `668e33ef 0001 0005 ${cookie} ${u32(length)} ${extents}`
      : `6e8a278c 0001 0006 ${cookie} ${u64(offset)} ${u64(length)} ${extents}`;
  };

  it("reports holes and zeroes, and the last extent as far as it goes and fits into the reply", async () => {
    const offset = 4095n * MiB;
    const fields = { command: blockStatus, offset, length: 2n * MiB };
    await expectReplies(
      "structured",
      [request("structured", fields)],
      [statusChunk("structured", offset, "00000001 00100000 00000000 ffff0000 00000003")],
      large,
    );
    await expectReplies(
      "extended",
      [request("extended", fields)],
      [
        statusChunk(
          "extended",
          offset,
          "00000001 00000002 0000000000100000 0000000000000000 0000000100000000 0000000000000003",
        ),
      ],
      large,
    );
  });

  it("with REQ_ONE reports one extent", async () => {
    const offset = 8191n * MiB;
    const fields = { command: blockStatus, flags: requestOne, offset, length: 2n * MiB };
    await expectReplies(
      "structured",
      [request("structured", fields)],
      [statusChunk("structured", offset, "00000001 00100000 00000003")],
      large,
    );
    await expectReplies(
      "extended",
      [request("extended", fields)],
      [statusChunk("extended", offset, "00000001 00000001 0000000000100000 0000000000000003")],
      large,
    );
  });

  it("reports the whole disk in one reply with extended headers", async () => {
    await expectReplies(
      "extended",
      [request("extended", { command: blockStatus, length: 8193n * MiB })],
      [
        statusChunk(
          "extended",
          0,
          `00000001 00000003 ${u64(4096n * MiB)} ${u64(0)} ${u64(4096n * MiB)} ${u64(3)} ${u64(MiB)} ${u64(2)}`,
        ),
      ],
      large,
    );
  });

  it("cuts an extent that is too long for 32 bits at a multiple of 64 KiB", async () => {
    await expectReplies(
      "structured",
      [request("structured", { command: blockStatus, length: 0xffff_ffff })],
      [statusChunk("structured", 0, "00000001 ffff0000 00000000")],
      large,
    );
  });

  it.each(["structured", "extended"] as const)("without a context is refused (%s)", async (form) => {
    await expectReplies(
      form,
      [request(form, { command: blockStatus, offset: 1, length: 1 })],
      [failure(form, 22, "no metadata context was negotiated", 1)],
      { contexts: [] },
    );
  });

  describe("with a payload", () => {
    const ask = (payload: string, offset: number | bigint = 8n): string =>
      request("extended", {
        command: blockStatus,
        flags: payloadLength,
        offset,
        length: hex(payload).length,
        payload,
      });

    it("reports the contexts that the payload names", async () => {
      await expectReplies(
        "extended",
        [ask(`${u64(512)} 00000001`)],
        [statusChunk("extended", 8, `00000001 00000001 ${u64(512)} ${u64(0)}`)],
      );
    });

    it.each([
      ["an unknown context", `${u64(512)} 00000002`, "block status for a context that was not negotiated"],
      [
        "an unknown context among known ones",
        `${u64(512)} 00000001 00000000`,
        "block status for a context that was not negotiated",
      ],
      ["the same context twice", `${u64(512)} 00000001 00000001`, "block status for the same context twice"],
      ["no context", u64(512), "block status payload of 8 bytes"],
      ["no length", "00000001", "block status payload of 4 bytes"],
      ["half a context", `${u64(512)} 000000`, "block status payload of 11 bytes"],
      ["no bytes", "", "block status payload of 0 bytes"],
      [
        "a range past the end",
        `${u64(4089)} 00000001`,
        "blockStatus of 4089 bytes at 8 goes past the end at 4096",
      ],
      [
        "a range of 16 EiB",
        `${"ff".repeat(8)} 00000001`,
        "blockStatus of 18446744073709551615 bytes at 8 goes past the end at 4096",
      ],
      ["a range of no bytes", `${u64(0)} 00000001`, "blockStatus of no bytes"],
    ])("of %s is refused, and the next request is served", async (_, payload, reason) => {
      await expectReplies(
        "extended",
        [ask(payload), request("extended", { command: flush })],
        [failure("extended", 22, reason, 8), success("extended")],
      );
    });

    it("of too many contexts is refused before the contexts are checked", async () => {
      const payload = Buffer.alloc(8 + 4 * 1025);
      for (let at = 0; at < 1025; at++) payload.writeUInt32BE(at, 8 + 4 * at);
      const bytes = hex(ask(payload.toString("hex")));
      const reason = `block status payload of ${payload.length} bytes`;
      expect(await answers("extended", [bytes])).toEqual(hex(failure("extended", 22, reason, 8)));
    });
  });
});

describe("BLOCK_STATUS of several contexts", () => {
  const [dirty, age] = ["x-a:dirty", "x-a:age"] as const;
  const dirtyState: readonly StatusExtent[] = [
    { length: 1024n, state: 1n },
    { length: 1024n, state: 0xffff_ffffn },
  ];
  const ageState: readonly StatusExtent[] = [{ length: 4096n, state: 0x1122_3344_5566_7788n }];
  const several = (status: Partial<Record<"dirty" | "age", MetaContext["status"]>> = {}): Sandbox => ({
    contexts: [age, dirty, "base:allocation"],
    disk: {
      metaContexts: [
        { name: dirty, status: status.dirty ?? (() => dirtyState) },
        { name: age, wide: true, status: status.age ?? (() => ageState) },
      ],
    },
  });
  const structuredChunk = (done: number, id: number, extents: string): string =>
    `668e33ef ${u16(done)} 0005 ${cookie} ${u32(4 + hex(extents).length)} ${u32(id)} ${extents}`;
  const extendedChunk = (done: number, id: number, ...extents: string[]): string =>
    `6e8a278c ${u16(done)} 0006 ${cookie} ${u64(0)} ${u64(8 + 16 * extents.length)} ${u32(id)} ${u32(extents.length)} ${extents.join("")}`;
  const [whole, firstDirty, restDirty, oldAge] = [
    "0000000000001000 0000000000000000",
    "0000000000000400 0000000000000001",
    "0000000000000400 00000000ffffffff",
    "0000000000001000 1122334455667788",
  ] as const;
  const ask = (fields: Partial<Fields> = {}): string =>
    request("extended", { command: blockStatus, length: 4096, ...fields });
  const askFor = (...ids: number[]): string => {
    const payload = `${u64(4096)} ${ids.map(u32).join("")}`;
    return ask({ flags: payloadLength, length: hex(payload).length, payload });
  };

  it("reports each context in its own chunk, and only the last chunk ends the reply", async () => {
    await expectReplies(
      "structured",
      [request("structured", { command: blockStatus, length: 4096 })],
      [
        structuredChunk(0, 1, "00001000 00000000"),
        structuredChunk(1, 2, "00000400 00000001 00000400 ffffffff"),
      ],
      several(),
    );
    await expectReplies(
      "extended",
      [ask()],
      [extendedChunk(0, 1, whole), extendedChunk(0, 2, firstDirty, restDirty), extendedChunk(1, 3, oldAge)],
      several(),
    );
  });

  it("with REQ_ONE reports one extent of each context", async () => {
    await expectReplies(
      "extended",
      [ask({ flags: requestOne })],
      [extendedChunk(0, 1, whole), extendedChunk(0, 2, firstDirty), extendedChunk(1, 3, oldAge)],
      several(),
    );
  });

  it("with a payload reports the contexts that the payload names", async () => {
    await expectReplies(
      "extended",
      [askFor(3, 1), askFor(2), askFor(3, 2, 1)],
      [
        extendedChunk(0, 1, whole),
        extendedChunk(1, 3, oldAge),
        extendedChunk(1, 2, firstDirty, restDirty),
        extendedChunk(0, 1, whole),
        extendedChunk(0, 2, firstDirty, restDirty),
        extendedChunk(1, 3, oldAge),
      ],
      several(),
    );
  });

  it("with a payload that names a context that was not set or does not exist is refused", async () => {
    const reason = "block status for a context that was not negotiated";
    const refused = failure("extended", 22, reason);
    await expectReplies("extended", [askFor(1, 3), askFor(0), askFor(2, 4)], [refused, refused, refused], {
      ...several(),
      contexts: [dirty, "base:allocation"],
    });
  });

  it("fails when one of the contexts fails, and the next request is served", async () => {
    const failing = several({
      age: () => {
        throw new NbdError("ENOMEM", "too old");
      },
    });
    await expectReplies(
      "extended",
      [ask(), askFor(1)],
      [failure("extended", 12, "too old"), extendedChunk(1, 1, whole)],
      failing,
    );
  });

  it.each([
    ["more than 32 bits", { dirty: () => [{ length: 4096n, state: 1n << 32n }] }, "32 bits, for x-a:dirty"],
    ["more than 64 bits", { age: () => [{ length: 4096n, state: 1n << 64n }] }, "64 bits, for x-a:age"],
    ["a negative number", { age: () => [{ length: 4096n, state: -1n }] }, "64 bits, for x-a:age"],
  ])("refuses a state of %s from the plugin", async (_, status, reason) => {
    const memory = await transmission("extended", several(status));
    memory.transport.deliver(hex(ask()));
    memory.transport.deliverEnd();
    await memory.session.finished;
    expect(memory.errors).toEqual([expect.stringContaining(reason)]);
    expect(memory.sent.readUInt16BE(6)).toBe(0x8001);
  });

  it("calls an asynchronous plugin for one context after the other", async () => {
    const calls: string[] = [];
    const late =
      (name: string, extents: readonly StatusExtent[]): MetaContext["status"] =>
      async () => {
        calls.push(name);
        await turn();
        calls.push(`${name} told`);
        return extents;
      };
    const replies = await answers(
      "extended",
      [hex(ask())],
      several({ dirty: late("dirty", dirtyState), age: late("age", ageState) }),
    );
    expect(replies).toEqual(
      hex(
        extendedChunk(0, 1, whole),
        extendedChunk(0, 2, firstDirty, restDirty),
        extendedChunk(1, 3, oldAge),
      ),
    );
    expect(calls).toEqual(["dirty", "dirty told", "age", "age told"]);
  });

  it("limits the number of extents in a reply, and the client requests the rest", async () => {
    const size = 2n * BigInt(blockStatusExtentsMax);
    const alternating = Array.from({ length: Number(size) }, (_, at) => ({
      length: 1n,
      state: BigInt(at & 1),
    }));
    const disk: Partial<Handle> = { size, metaContexts: [{ name: dirty, status: () => alternating }] };
    for (const [contexts, most] of [
      [[dirty], blockStatusExtentsMax],
      [[dirty, "base:allocation"], blockStatusExtentsMax / 2],
    ] as const) {
      const replies = await answers("extended", [hex(ask({ length: size }))], { disk, contexts });
      expect(replies.readUInt32BE(replies.length - 16 * most - 4)).toBe(most);
    }
  });
});

describe("BLOCK_STATUS of an export with a minimum block size", () => {
  it("reports whole blocks, which are data when a part of them is data", async () => {
    const blockSize = { minimum: 512, preferred: 512, maximum: 4096 };
    const disk: Partial<Handle> = {
      blockSize,
      extents: () => [
        { length: 700n, hole: true, zero: true },
        { length: 300n, hole: false, zero: false },
        { length: 3096n, hole: true, zero: true },
      ],
    };
    await expectReplies(
      "structured",
      [request("structured", { command: blockStatus, length: 4096 })],
      [
        `668e33ef 0001 0005 ${cookie} 0000001c 00000001 00000200 00000003 00000200 00000000 00000c00 00000003`,
      ],
      { disk },
    );
  });
});

describe("extended headers", () => {
  const extended = (fields: Fields): string => request("extended", fields);

  it.each([
    ["READ", read],
    ["TRIM", trim],
    ["WRITE_ZEROES", zero],
    ["CACHE", cache],
    ["FLUSH", flush],
    ["an unknown command", 9],
  ])("skip an unexpected payload of %s and refuse the request", async (_, command) => {
    const reason = command === 9 ? "unknown command 9" : `flags 0x20 are not valid for command ${command}`;
    await expectReplies(
      "extended",
      [
        extended({ command, flags: payloadLength, offset: 0x77, length: 5, payload: "0102030405" }),
        extended({ command: flush }),
      ],
      [failure("extended", 22, reason, 0x77), success("extended")],
    );
  });

  it("accept the payload of a WRITE without the PAYLOAD_LEN flag", async () => {
    const unannounced = extended({ command: write, offset: 0, length: 2, payload: "beef" }).replace(
      "21e41c71 0020",
      "21e41c71 0000",
    );
    await expectReplies(
      "extended",
      [unannounced, extended({ command: read, length: 2 })],
      [success("extended"), readReply("extended", 0, "beef")],
    );
  });

  it.each([
    ["a 32-bit length", 2n ** 40n, [5n, 2n ** 40n]],
    ["an exact number", 2n ** 53n + 1n, [5n, 2n ** 52n, 5n + 2n ** 52n, 2n ** 52n, 5n + 2n ** 53n, 1n]],
  ])("zero, trim and cache ranges longer than %s in one request", async (_, length, pieces) => {
    const size = 2n ** 62n;
    for (const [command, name] of [
      [zero, "zero"],
      [trim, "trim"],
      [cache, "cache"],
    ] as const) {
      const done: bigint[] = [];
      const disk: Partial<Handle> = {
        size,
        [name]: (offset: bigint, piece: number) => void done.push(offset, BigInt(piece)),
      };
      const replies = await answers("extended", [hex(extended({ command, offset: 5, length }))], { disk });
      expect(replies).toEqual(hex(success("extended", 5)));
      expect(done).toEqual(pieces);
    }
  });

  it("report the status of at most 2^52 bytes, and the client requests the rest", async () => {
    const extents = (_: bigint, length: number) => [{ length: BigInt(length), hole: true, zero: true }];
    await expectReplies(
      "extended",
      [extended({ command: blockStatus, length: 2n ** 53n + 1n })],
      [`6e8a278c 0001 0006 ${cookie} ${u64(0)} ${u64(24)} 00000001 00000001 ${u64(2n ** 52n)} ${u64(3)}`],
      { disk: { size: 2n ** 62n, extents } },
    );
  });

  it("are required for the PAYLOAD_LEN flag", async () => {
    for (const form of ["simple", "structured"] as const) {
      await expectReplies(
        form,
        [request(form, { command: write, flags: payloadLength, length: 1, payload: "00" })],
        [failure(form, 22, "flags 0x20 are not valid for command 1")],
      );
    }
  });
});
