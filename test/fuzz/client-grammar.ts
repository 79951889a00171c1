import { AllocationState, Chunk, Command, Info, Option, OptionReply } from "../../src/protocol/constants.ts";
import { RequestHeader } from "../../src/protocol/request-header.ts";
import type { Random } from "../../src/testing/random.ts";
import { chunk, errorChunk, type Form, number, optionReply, simpleReply, withLength } from "./encode.ts";
import { cut, mutate } from "./mutate.ts";

/** The options of the client, as plain data. */
export interface ClientOptions {
  readonly structuredReplies: boolean;
  readonly extendedHeaders: boolean;
  readonly metaContexts: readonly string[];
  readonly listContexts: boolean;
  /** True lists the exports instead of opening one. */
  readonly lists: boolean;
  readonly leaves: "end" | "lost" | "close";
}

export interface Operation {
  readonly kind: "read" | "write" | "flush" | "trim" | "zero" | "cache" | "status";
  readonly offset: number;
  readonly length: number;
  /** Sets FUA, DF or REQ_ONE. */
  readonly flag: boolean;
}

/** The bytes of a fuzzed server, and the client under test. */
export interface ClientCase {
  readonly side: "client";
  readonly seed: number;
  readonly options: ClientOptions;
  readonly operations: readonly Operation[];
  readonly handshake: readonly Buffer[];
  /** True when the bytes follow the protocol. */
  readonly valid: boolean;
  /** The bytes of the transmission phase, once they are known. */
  replies?: readonly Buffer[];
}

export const diskBytes = 1 << 20;
const [ack, unsupported] = [OptionReply.ack, OptionReply.errorUnsupported];

export function clientCase(random: Random): ClientCase {
  const options: ClientOptions = {
    structuredReplies: !random.oneIn(3),
    extendedHeaders: random.oneIn(2),
    metaContexts: random.pick([["base:allocation"], ["base:allocation", "x:y"], []]),
    listContexts: random.oneIn(4),
    lists: random.oneIn(8),
    leaves: random.pick(["end", "lost", "close"]),
  };
  const valid = random.oneIn(4);
  const messages = options.lists ? listing(random, options) : handshake(random, options);
  // Most mutations must be in the transmission phase: a handshake that fails early tests little.
  const broken = !valid && (options.lists || random.oneIn(3));
  return {
    side: "client",
    seed: random.u32(),
    options,
    operations: Array.from({ length: random.below(12) }, () => operation(random)),
    handshake: cut(random, broken ? mutate(random, messages) : messages),
    valid,
  };
}

function operation(random: Random): Operation {
  const offset = 512 * random.below(diskBytes / 512);
  return {
    kind: random.pick([
      "read",
      "read",
      "read",
      "write",
      "flush",
      "trim",
      "zero",
      "cache",
      "status",
      "status",
    ]),
    offset,
    length: Math.min(512 * random.between(1, 30), diskBytes - offset),
    flag: random.oneIn(3),
  };
}

function handshake(random: Random, options: ClientOptions): Buffer[] {
  const noZeroes = random.oneIn(2);
  const flags = random.oneIn(10) ? 0 : 1 | (noZeroes ? 2 : 0);
  if (random.oneIn(12)) return [oldstyle()];
  const messages = [greeting(flags)];
  if (flags === 0) return [...messages, exportName(true)];
  const { form, replies } = chooseForm(random, options);
  messages.push(...replies);
  if (form !== "simple") {
    if (options.listContexts) messages.push(...contexts(random, Option.listMetaContext, ["base:allocation"]));
    if (options.metaContexts.length > 0)
      messages.push(...contexts(random, Option.setMetaContext, options.metaContexts));
  }
  if (form !== "extended" && random.oneIn(10)) {
    return [...messages, optionReply(Option.go, unsupported), exportName(!noZeroes)];
  }
  return [...messages, ...information(random, Option.go)];
}

function listing(random: Random, options: ClientOptions): Buffer[] {
  const { form, replies } = chooseForm(random, options);
  const names = Array.from({ length: random.below(5) }, (_, index) => `disk${index}`);
  const listed = names.map((name) =>
    optionReply(Option.list, OptionReply.server, withLength(name), Buffer.from("described")),
  );
  const described = names.flatMap(() => [
    ...information(random, Option.info),
    ...(form === "simple" ? [] : contexts(random, Option.listMetaContext, ["base:allocation", "x:y"])),
  ]);
  const end = [optionReply(Option.list, ack), ...described, optionReply(Option.abort, ack)];
  return [greeting(3), ...replies, ...listed, ...end];
}

function greeting(flags: number): Buffer {
  return Buffer.concat([Buffer.from("NBDMAGICIHAVEOPT"), number(flags, 2)]);
}

function oldstyle(): Buffer {
  const magic = Buffer.from("0000420281861253", "hex");
  return Buffer.concat([
    Buffer.from("NBDMAGIC"),
    magic,
    number(diskBytes, 8),
    number(0x05fd, 4),
    Buffer.alloc(124),
  ]);
}

function exportName(zeroes: boolean): Buffer {
  return Buffer.concat([number(diskBytes, 8), number(0x056d, 2), Buffer.alloc(zeroes ? 124 : 0)]);
}

function chooseForm(random: Random, options: ClientOptions): { form: Form; replies: Buffer[] } {
  const replies: Buffer[] = [];
  if (options.extendedHeaders) {
    const agrees = !random.oneIn(4);
    replies.push(optionReply(Option.extendedHeaders, agrees ? ack : unsupported, Buffer.alloc(0)));
    if (agrees) return { form: "extended", replies };
  }
  if (!options.structuredReplies && !options.extendedHeaders) return { form: "simple", replies };
  const agrees = !random.oneIn(4);
  replies.push(optionReply(Option.structuredReply, agrees ? ack : unsupported));
  return { form: agrees ? "structured" : "simple", replies };
}

function contexts(random: Random, option: number, names: readonly string[]): Buffer[] {
  if (random.oneIn(10)) return [optionReply(option, unsupported, Buffer.from("no contexts"))];
  const items = names.map((name, index) =>
    optionReply(option, OptionReply.metaContext, number(index + 7, 4), Buffer.from(name)),
  );
  return [...items, optionReply(option, ack)];
}

function information(random: Random, option: number): Buffer[] {
  const info = (type: number, ...data: Buffer[]): Buffer =>
    optionReply(option, OptionReply.info, number(type, 2), ...data);
  const items = [info(Info.export, number(diskBytes, 8), number(random.pick([0x05fd, 0x15fd]), 2))];
  if (random.oneIn(2)) items.push(info(Info.name, Buffer.from("disk")));
  if (random.oneIn(2)) items.push(info(Info.description, Buffer.from("a disk")));
  if (random.oneIn(2)) items.push(info(Info.blockSize, number(512, 4), number(4096, 4), number(1 << 25, 4)));
  if (random.oneIn(4)) items.push(info(99, random.bytes(random.below(9))));
  return [...items, optionReply(option, ack)];
}

/** Returns the data for a read request. */
export function dataFor(offset: bigint, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => Number(offset >> 9n) + index * 3));
}

interface Asked {
  readonly command: number;
  readonly flags: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/** Builds the replies to the requests that the client has sent. */
export function repliesTo(
  random: Random,
  sent: Buffer,
  form: Form,
  contextIds: readonly number[],
  valid: boolean,
): Buffer[] {
  const replies = requestsIn(sent, form).map((request) => replyTo(random, request, form, contextIds));
  // The chunks of each reply keep their order. Chunks of different replies are interleaved.
  const mixed: Buffer[] = [];
  while (replies.length > 0) {
    const at = random.below(replies.length);
    mixed.push(replies[at]!.shift()!);
    if (replies[at]!.length === 0) replies.splice(at, 1);
  }
  return cut(random, valid ? mixed : mutate(random, mixed));
}

function requestsIn(sent: Buffer, form: Form): Asked[] {
  const requests: Asked[] = [];
  for (let at = 0; at < sent.length; ) {
    const header = new RequestHeader();
    header.read(sent, at, form === "extended");
    at += form === "extended" ? 32 : 28;
    const hasPayload = header.command === Command.write || (header.flags & 0x20) !== 0;
    const payload = hasPayload ? sent.subarray(at, at + Number(header.length)) : undefined;
    at += payload?.length ?? 0;
    // The payload of a block status request contains the requested range and contexts.
    const status = header.command === Command.blockStatus && payload !== undefined;
    const { command, flags, cookie, offset } = header;
    const length = status ? payload.readBigUInt64BE(0) : header.length;
    requests.push({ command, flags, cookie, offset, length });
  }
  return requests;
}

function replyTo(random: Random, request: Asked, form: Form, contextIds: readonly number[]): Buffer[] {
  const { command, cookie } = request;
  const fails = random.oneIn(12);
  if (form === "simple") {
    if (fails) return [simpleReply(cookie, random.pick([1, 5, 12, 22, 28, 75, 95, 1234]))];
    const data = command === Command.read ? dataFor(request.offset, Number(request.length)) : undefined;
    return [simpleReply(cookie, 0, data)];
  }
  if (fails) return [errorChunk(form, request, random.pick([5, 28, 4321]), "it\nfails", true)];
  if (command === Command.read) return readChunks(random, request, form);
  if (command === Command.blockStatus) return statusChunks(random, request, form, contextIds);
  return form === "structured" && random.oneIn(2)
    ? [simpleReply(cookie, 0)]
    : [chunk(form, request, Chunk.none, true)];
}

function readChunks(random: Random, request: Asked, form: "structured" | "extended"): Buffer[] {
  const whole = dataFor(request.offset, Number(request.length));
  const chunks: Buffer[] = [];
  const pieces = (request.flags & 4) !== 0 ? 1 : random.between(1, 4);
  const longest = Math.ceil(whole.length / pieces);
  for (let at = 0; at < whole.length; at += longest) {
    const piece = whole.subarray(at, at + longest);
    const done = at + longest >= whole.length && random.oneIn(2);
    const offset = number(request.offset + BigInt(at), 8);
    chunks.push(chunk(form, request, Chunk.offsetData, done, offset, piece));
    if (done) return chunks;
  }
  chunks.sort(() => random.below(3) - 1);
  return [...chunks, chunk(form, request, Chunk.none, true)];
}

function statusChunks(
  random: Random,
  request: Asked,
  form: "structured" | "extended",
  contextIds: readonly number[],
): Buffer[] {
  const width = form === "extended" ? 8 : 4;
  const type = form === "extended" ? Chunk.blockStatusExtended : Chunk.blockStatus;
  const one = (request.flags & 8) !== 0;
  return contextIds.map((id, index) => {
    const count = one || request.length < 1024n ? 1 : 2;
    const length = request.length / BigInt(count);
    const extents = Array.from({ length: count }, () => [
      number(length, width),
      number(random.pick([0, AllocationState.hole | AllocationState.zero]), width),
    ]).flat();
    const counted = form === "extended" ? [number(count, 4)] : [];
    return chunk(form, request, type, index === contextIds.length - 1, number(id, 4), ...counted, ...extents);
  });
}
