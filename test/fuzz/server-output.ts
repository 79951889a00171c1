import {
  Chunk,
  ChunkFlag,
  Command,
  CommandFlag,
  Info,
  isOptionError,
  Magic,
  Option,
  OptionReply,
  optionBytesMax,
  WireError,
} from "../../src/protocol/constants.ts";
import { skippedBytesMax } from "../../src/protocol/request-parser.ts";
import { Bytes } from "./bytes.ts";
import type { Form } from "./encode.ts";
import { expectThat } from "./finding.ts";
import type { ServerSetup } from "./server-grammar.ts";
import { answersStatus, type Context, checkContexts, readStatus, type Status } from "./server-status.ts";

interface Sent {
  readonly command: number;
  readonly flags: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: bigint;
  /** The content of a payload. */
  readonly asked?: { readonly length: bigint; readonly contextIds: readonly number[] };
}

/** The result of the handshake. */
interface Agreed {
  readonly form: Form;
  readonly contexts: readonly Context[];
  readonly minimumBlock: bigint;
}

/**
 * Checks all output of the server against the input of the client: each message must be complete, well-formed
 * and a reply to a request. It is written from the specification and uses no code under test.
 */
export function checkServerOutput(setup: ServerSetup, input: Buffer, output: Buffer): void {
  const sent = new Bytes(input);
  const received = new Bytes(output);
  const agreed = setup.style === "oldstyle" ? oldstyle(received) : newstyle(setup, sent, received);
  if (agreed === undefined) expectThat(received.left === 0, "something follows the end of the handshake");
  else transmission(setup, { ...agreed, minimumBlock: BigInt(setup.minimumBlock) }, sent, received);
}

function oldstyle(received: Bytes): Omit<Agreed, "minimumBlock"> | undefined {
  if (received.left === 0) return undefined;
  expectThat(received.u64() === Magic.init && received.u64() === Magic.oldstyle, "a wrong oldstyle greeting");
  received.take(136);
  return { form: "simple", contexts: [] };
}

/** @returns undefined when the handshake did not lead to transmission */
function newstyle(
  setup: ServerSetup,
  sent: Bytes,
  received: Bytes,
): Omit<Agreed, "minimumBlock"> | undefined {
  if (received.left === 0) return undefined;
  expectThat(received.u64() === Magic.init && received.u64() === Magic.option, "a wrong greeting");
  expectThat(received.u16() === (3 & setup.flagsMask), "wrong handshake flags");
  if (sent.left < 4) return undefined;
  const flags = sent.u32();
  if ((flags & ~(3 & setup.flagsMask)) !== 0) return undefined;
  let form: Form = "simple";
  let chosen: { exportName: string; contexts: readonly Context[] } = { exportName: "", contexts: [] };
  const agreed = (exportName: string): Omit<Agreed, "minimumBlock"> => ({
    form,
    contexts: exportName === chosen.exportName ? chosen.contexts : [],
  });
  while (received.left > 0) {
    const option = nextOption(sent);
    expectThat(option !== undefined, "an answer to an option that was never sent");
    if (option.code === Option.exportName) {
      received.take(8);
      expectThat((received.u16() & 1) === 1, "flags without HAS_FLAGS");
      if ((flags & 2) === 0) received.take(124);
      return agreed(option.data.toString("utf8"));
    }
    if (option.code === Option.setMetaContext) chosen = { exportName: "", contexts: [] };
    const contexts = optionReplies(option.code, form, received);
    if (contexts === undefined) continue;
    if (option.code === Option.setMetaContext) chosen = { exportName: exportNameIn(option.data), contexts };
    if (option.code === Option.structuredReply) form = "structured";
    if (option.code === Option.extendedHeaders) form = "extended";
    if (option.code === Option.abort) return undefined;
    if (option.code === Option.go) return agreed(exportNameIn(option.data));
  }
  return undefined;
}

/** Returns the export name of an acknowledged option, which is well-formed. */
function exportNameIn(data: Buffer): string {
  return data.toString("utf8", 4, 4 + data.readUInt32BE(0));
}

function nextOption(sent: Bytes): { code: number; data: Buffer } | undefined {
  if (sent.left < 16 || sent.u64() !== Magic.option) return undefined;
  const code = sent.u32();
  const length = sent.u32();
  if (length > optionBytesMax || length > sent.left) return undefined;
  return { code, data: sent.take(length) };
}

const itemTypes: Readonly<Record<number, number>> = {
  [Option.list]: OptionReply.server,
  [Option.info]: OptionReply.info,
  [Option.go]: OptionReply.info,
  [Option.listMetaContext]: OptionReply.metaContext,
  [Option.setMetaContext]: OptionReply.metaContext,
};

/** @returns the contexts in the replies, if the option was acknowledged */
function optionReplies(code: number, form: Form, received: Bytes): readonly Context[] | undefined {
  let basics = 0;
  const contexts: Context[] = [];
  while (received.left > 0) {
    expectThat(received.u64() === Magic.optionReply, "a wrong option reply magic");
    expectThat(received.u32() === code, `a reply to another option than ${code}`);
    const type = received.u32();
    const data = new Bytes(received.take(received.u32()));
    if (isOptionError(type)) {
      expectThat(Object.values(OptionReply).includes(type as OptionReply), `an unknown error ${type}`);
      data.text("the text of a refusal");
      return undefined;
    }
    if (type === OptionReply.ack) {
      expectThat(data.left === 0, "an acknowledgement with data");
      const opens = code === Option.info || code === Option.go;
      expectThat(!opens || basics === 1, `${basics} times NBD_INFO_EXPORT`);
      checkContexts(contexts, form, code === Option.listMetaContext);
      return contexts;
    }
    expectThat(type === itemTypes[code], `a reply of type ${type} to option ${code}`);
    if (type === OptionReply.metaContext) contexts.push({ id: data.u32(), name: data.text("a context") });
    else if (optionItem(type, data)) basics++;
  }
  return undefined;
}

/** @returns true for NBD_INFO_EXPORT */
function optionItem(type: number, data: Bytes): boolean {
  if (type === OptionReply.server) {
    new Bytes(data.take(data.u32())).text("an export name");
    data.text("an export description");
  } else {
    const info = data.u16();
    if (info === Info.name || info === Info.description) data.text("information");
    else
      expectThat(data.left === (info === Info.export ? 10 : 12), `information ${info} of ${data.left} bytes`);
    return info === Info.export;
  }
  return false;
}

function transmission(setup: ServerSetup, agreed: Agreed, sent: Bytes, received: Bytes): void {
  const { requests, followed } = requestsIn(sent, agreed.form === "extended");
  const awaiting = new Map<bigint, Sent[]>();
  for (const request of requests) {
    const same = awaiting.get(request.cookie) ?? [];
    awaiting.set(request.cookie, [...same, request]);
  }
  const replies = new Map<bigint, Reply[]>();
  while (received.left > 0) {
    const reply = readReply(agreed, received, awaiting);
    if (reply.what === ambiguousReply) return;
    replies.set(reply.cookie, [...(replies.get(reply.cookie) ?? []), reply]);
  }
  for (const [cookie, answers] of replies) {
    const candidates = awaiting.get(cookie) ?? [];
    const { what } = answers[0]!;
    expectThat(
      answers.length <= candidates.length && canAnswer(answers, candidates),
      `a reply ${what} that answers nothing`,
    );
  }
  if (setup.leaves === "lost" || !followed) return;
  const left = requests.length - [...replies.values()].flat().length;
  expectThat(left === 0, `${left} requests without a reply`);
}

/**
 * Tells whether each reply can belong to a different request. A broken client may use a cookie for two
 * requests.
 */
function canAnswer([reply, ...rest]: readonly Reply[], candidates: readonly Sent[]): boolean {
  if (reply === undefined) return true;
  return candidates.some(
    (request, index) => reply.answers(request) && canAnswer(rest, candidates.toSpliced(index, 1)),
  );
}

/** Returns all complete requests up to NBD_CMD_DISC, and whether the stream could be parsed that far. */
function requestsIn(sent: Bytes, extended: boolean): { requests: Sent[]; followed: boolean } {
  const requests: Sent[] = [];
  while (sent.left >= (extended ? 32 : 28)) {
    if (sent.u32() !== (extended ? Magic.extendedRequest : Magic.request))
      return { requests, followed: false };
    const [flags, command, cookie, offset] = [sent.u16(), sent.u16(), sent.u64(), sent.u64()];
    const length = extended ? sent.u64() : BigInt(sent.u32());
    const hasPayload = command === Command.write || (extended && (flags & CommandFlag.payloadLength) !== 0);
    if (hasPayload && length > skippedBytesMax) return { requests, followed: false };
    if (hasPayload && length > sent.left) break;
    const payload = hasPayload ? sent.take(Number(length)) : undefined;
    if (command === Command.disconnect) break;
    const asked = command === Command.blockStatus && payload !== undefined ? askedIn(payload) : {};
    requests.push({ command, flags, cookie, offset, length, ...asked });
  }
  return { requests, followed: true };
}

/** Reads the payload of a block status request. Any other payload gets an error reply. */
function askedIn(payload: Buffer): Pick<Sent, "asked"> {
  const count = (payload.length - 8) / 4;
  if (!Number.isInteger(count) || count < 1) return {};
  const contextIds = Array.from({ length: count }, (_, index) => payload.readUInt32BE(8 + 4 * index));
  return { asked: { length: payload.readBigUInt64BE(0), contextIds } };
}

interface Reply {
  readonly cookie: bigint;
  readonly what: string;
  readonly piece?: Piece;
  /** The statuses in the chunks of a block status reply. */
  readonly status?: readonly Status[];
  /** The offset of an error chunk. */
  readonly endsAt?: bigint;
  answers(request: Sent): boolean;
}

const errors: readonly number[] = Object.values(WireError);

function readReply(agreed: Agreed, received: Bytes, awaiting: ReadonlyMap<bigint, readonly Sent[]>): Reply {
  const { form } = agreed;
  const magic = received.u32();
  if (magic === Magic.simpleReply && form !== "extended") return readSimple(form, received, awaiting);
  const wanted = { simple: 0, structured: Magic.structuredReply, extended: Magic.extendedReply }[form];
  expectThat(magic === wanted, `0x${magic.toString(16)} begins no ${form} reply`);
  const flags = received.u16();
  const type = received.u16();
  const cookie = received.u64();
  const echoed = form === "extended" ? received.u64() : undefined;
  const length = form === "extended" ? received.u64() : received.u32();
  const payload = new Bytes(received.take(Number(length)));
  const isEcho = (request: Sent): boolean => echoed === undefined || echoed === request.offset;
  if (type === Chunk.offsetData || type === Chunk.offsetHole) {
    const piece = readPiece(type, payload);
    if (flags === ChunkFlag.done) {
      return { cookie, what: "with data", piece, answers: (sent) => isEcho(sent) && isWhole(piece, sent) };
    }
    expectThat(flags === 0, `chunk flags ${flags}`);
    // This server sends the chunks of a reply in order and without other replies between them.
    const rest = readReply(agreed, received, awaiting);
    expectThat(rest.cookie === cookie, "a read that ends in the middle");
    if (rest.endsAt !== undefined) {
      expectThat(rest.endsAt === piece.offset + piece.length, "a read that does not end where it says");
      const cutAt = rest.endsAt;
      const answers = (sent: Sent): boolean =>
        isEcho(sent) && isCut(piece, sent, cutAt) && rest.answers(sent);
      return { cookie, what: "that was cut", answers };
    }
    expectThat(rest.piece !== undefined, "data and something else");
    expectThat(rest.piece.offset === piece.offset + piece.length, "pieces of a read that do not join");
    const all = {
      offset: piece.offset,
      length: piece.length + rest.piece.length,
      pieces: rest.piece.pieces + 1,
    };
    return { cookie, what: "in pieces", piece: all, answers: (sent) => isEcho(sent) && isWhole(all, sent) };
  }
  if (type === (form === "extended" ? Chunk.blockStatusExtended : Chunk.blockStatus)) {
    const first = readStatus(form === "extended", agreed.contexts, payload);
    const rest = flags === ChunkFlag.done ? undefined : readReply(agreed, received, awaiting);
    expectThat(rest === undefined || rest.cookie === cookie, "a block status that ends in the middle");
    const status = [first, ...(rest === undefined ? [] : (rest.status ?? []))];
    expectThat(rest === undefined || status.length > 1, "block status and something else");
    const answers = (sent: Sent): boolean =>
      isEcho(sent) && answersStatus(status, sent, agreed.contexts, agreed.minimumBlock);
    return { cookie, what: "with block status", status, answers };
  }
  expectThat(flags === ChunkFlag.done, "a chunk that is not the last");
  const fits = readChunk(type, payload);
  const reply = { cookie, what: `of type ${type}`, answers: (sent: Sent) => isEcho(sent) && fits(sent) };
  return type === Chunk.errorOffset ? { ...reply, endsAt: payload.last64() } : reply;
}

interface Piece {
  readonly offset: bigint;
  readonly length: bigint;
  /** Number of chunks. A hole counts as two, because a reply with DF must not contain holes. */
  readonly pieces: number;
}

function readPiece(type: number, payload: Bytes): Piece {
  const offset = payload.u64();
  if (type === Chunk.offsetData) {
    expectThat(payload.left > 0, "a chunk of no data");
    return { offset, length: BigInt(payload.left), pieces: 1 };
  }
  const length = BigInt(payload.u32());
  expectThat(length > 0n && payload.left === 0, "a hole of nothing");
  return { offset, length, pieces: 2 };
}

/** Tells whether a piece is the data up to the end of the export, of a read across the end. */
function isCut({ offset, pieces }: Piece, sent: Sent, end: bigint): boolean {
  return pieces === 1 && sent.offset === offset && sent.offset + sent.length > end;
}

function isWhole({ offset, length, pieces }: Piece, sent: Sent): boolean {
  const fragmented = (sent.flags & CommandFlag.dontFragment) === 0;
  return (
    sent.command === Command.read &&
    sent.offset === offset &&
    sent.length === length &&
    (fragmented || pieces === 1)
  );
}

/**
 * A reply is ambiguous when the client has used its cookie for two requests: it cannot be assigned to one of
 * them.
 */
const ambiguousReply = "ambiguous";

function readSimple(form: Form, received: Bytes, awaiting: ReadonlyMap<bigint, readonly Sent[]>): Reply {
  const error = received.u32();
  const cookie = received.u64();
  expectThat(error === 0 || errors.includes(error), `the unknown error ${error}`);
  const candidates = awaiting.get(cookie) ?? [];
  const isRead = error === 0 && form === "simple" && candidates[0]?.command === Command.read;
  const ambiguous = candidates.some(({ command, length }) => {
    const first = candidates[0]!;
    return (command === Command.read) !== (first.command === Command.read) || length !== first.length;
  });
  if (ambiguous) return { cookie, what: ambiguousReply, answers: () => true };
  if (isRead) received.take(Number(candidates[0]!.length));
  const answers = ({ command }: Sent): boolean =>
    form === "simple" || (command !== Command.read && (error !== 0 || command !== Command.blockStatus));
  return { cookie, what: "of the simple kind", answers };
}

function readChunk(type: number, payload: Bytes): (request: Sent) => boolean {
  switch (type) {
    case Chunk.none:
      expectThat(payload.left === 0, "an empty chunk with a payload");
      return ({ command }) => command !== Command.read && command !== Command.blockStatus;
    case Chunk.error: {
      const error = payload.u32();
      expectThat(errors.includes(error), `the unknown error ${error}`);
      expectThat(payload.u16() === payload.left, "an error text of another length than announced");
      payload.text("an error text");
      return () => true;
    }
    case Chunk.errorOffset: {
      expectThat(errors.includes(payload.u32()), "an unknown error with an offset");
      const text = payload.u16();
      expectThat(payload.left === text + 8, "an error text of another length than announced");
      new Bytes(payload.take(text)).text("an error text");
      payload.u64();
      return ({ command, flags }) => command === Command.read && (flags & CommandFlag.dontFragment) === 0;
    }
    default:
      expectThat(false, `a chunk of type ${type}`);
  }
}
