import type { ThreadModel } from "../../src/contract/plugin.ts";
import { Command, CommandFlag, Info, Option } from "../../src/protocol/constants.ts";
import { writeRequestHeader } from "../../src/protocol/request-header.ts";
import type { Random } from "../../src/testing/random.ts";
import { fuzzedContexts } from "./contexts.ts";
import { number, option, withLength } from "./encode.ts";
import { cut, mutate } from "./mutate.ts";

/** The options of the server, as plain data, so that a finding can be stored in a file. */
export interface ServerSetup {
  /** The seed for the delays and failures of the plugin. */
  readonly seed: number;
  readonly size: string;
  readonly minimumBlock: number;
  /** Names of handle functions to omit. */
  readonly without: readonly string[];
  readonly pace: "at once" | "later" | "mixed";
  /** Every n-th call of the plugin fails; 0 disables failures. */
  readonly failEvery: number;
  readonly readOnly: boolean;
  readonly style: "newstyle" | "oldstyle";
  readonly flagsMask: number;
  readonly structuredReplies: boolean;
  readonly metaContexts: boolean;
  readonly threads: number;
  readonly threadModel: ThreadModel;
  /** True when the client reads only after it has sent everything. */
  readonly readsLast: boolean;
  /** How the client disconnects. */
  readonly leaves: "end" | "lost";
}

/** The bytes of a fuzzed client, and the server under test. */
export interface ServerCase {
  readonly side: "server";
  readonly setup: ServerSetup;
  readonly chunks: readonly Buffer[];
  /** True when the bytes follow the protocol. */
  readonly valid: boolean;
}

const sizes = [4096n, 100_000n, 1n << 20n, 511n, 1n, 0n, (1n << 63n) - 1n, (1n << 40n) + 512n];
const names = ["", "a", "disk", "absent", "é"];
const queries = [
  ...fuzzedContexts,
  ...fuzzedContexts,
  "base:",
  "base:none",
  "x-fuzz:",
  "x:y",
  "qemu:",
  "",
  "base",
];

export function serverCase(random: Random): ServerCase {
  const setup = serverSetup(random);
  const valid = random.oneIn(4);
  const messages = clientMessages(random, setup, valid);
  return { side: "server", setup, chunks: cut(random, valid ? messages : mutate(random, messages)), valid };
}

function serverSetup(random: Random): ServerSetup {
  const size = random.pick(sizes);
  const optional = ["write", "flush", "trim", "extents", "metaContexts", "nativeFua", "fastZero"];
  // Emulating zero and cache on a disk of exabytes takes years.
  if (size <= 1n << 20n) optional.push("zero", "cache");
  return {
    seed: random.u32(),
    size: String(size),
    minimumBlock: random.pick([1, 1, 512, 4096]),
    without: optional.filter(() => random.oneIn(5)),
    pace: random.pick(["at once", "later", "mixed"]),
    failEvery: random.pick([0, 0, 2, 7]),
    readOnly: random.oneIn(6),
    style: random.oneIn(12) ? "oldstyle" : "newstyle",
    flagsMask: random.oneIn(8) ? random.below(4) : 0xffff,
    structuredReplies: !random.oneIn(10),
    metaContexts: !random.oneIn(10),
    threads: random.pick([1, 2, 16]),
    threadModel: random.pick<ThreadModel>([
      "parallel",
      "parallel",
      "serialize_requests",
      "serialize_all_requests",
      "serialize_connections",
    ]),
    readsLast: random.oneIn(5),
    leaves: random.oneIn(5) ? "lost" : "end",
  };
}

function clientMessages(random: Random, setup: ServerSetup, valid: boolean): Buffer[] {
  const messages: Buffer[] = [];
  let extended = false;
  if (setup.style === "newstyle") {
    messages.push(number(valid ? 3 & setup.flagsMask : random.pick([3, 3, 3, 1, 2, 0]), 4));
    const options = random.below(6);
    for (let count = 0; count < options; count++) {
      const code = random.pick([3, 5, 6, 8, 8, 9, 10, 10, 11, 11, 4, 77]);
      if (code === Option.extendedHeaders && setup.structuredReplies) extended = true;
      messages.push(anyOption(random, code));
    }
    if (random.oneIn(3)) {
      const { form, messages: choice } = chooseContexts(random);
      if (form === Option.extendedHeaders && setup.structuredReplies) extended = true;
      return [...messages, ...choice, ...anyRequests(random, setup, extended)];
    }
    if (random.oneIn(20)) messages.push(option(Option.abort));
    if (random.oneIn(10)) messages.push(option(Option.exportName, Buffer.from(random.pick(names))));
    else if (!random.oneIn(20)) messages.push(anyOption(random, Option.go));
  }
  return [...messages, ...anyRequests(random, setup, extended)];
}

/** The options of a client that sets several contexts, which random options rarely achieve. */
function chooseContexts(random: Random): { form: number; messages: Buffer[] } {
  const form = random.pick([Option.structuredReply, Option.extendedHeaders, Option.extendedHeaders]);
  const name = withLength(random.pick(["", "disk"]));
  const asked = fuzzedContexts.filter(() => !random.oneIn(4)).map((context) => withLength(context));
  const set = option(Option.setMetaContext, name, number(asked.length, 4), ...asked);
  return { form, messages: [option(form), set, option(Option.go, name, number(0, 2))] };
}

function anyRequests(random: Random, setup: ServerSetup, extended: boolean): Buffer[] {
  const messages: Buffer[] = [];
  const requests = random.below(14);
  for (let count = 0; count < requests; count++) {
    messages.push(...anyRequest(random, setup, extended, BigInt(count + 1)));
  }
  if (random.oneIn(2)) {
    const header = { command: Command.disconnect, flags: 0, cookie: 0n, offset: 0n, length: 0n };
    messages.push(writeRequestHeader(header, extended));
  }
  return messages;
}

function anyOption(random: Random, code: number): Buffer {
  // Mostly the empty name, which most clients use.
  const name = withLength(random.pick([...names, "", "", ""]));
  if (code === Option.info || code === Option.go) {
    const items = [Info.export, Info.name, Info.description, Info.blockSize, 9].filter(() => random.oneIn(2));
    return option(code, name, number(items.length, 2), ...items.map((item) => number(item, 2)));
  }
  if (code === Option.listMetaContext || code === Option.setMetaContext) {
    const asked = Array.from({ length: random.below(4) }, () => withLength(random.pick(queries)));
    return option(code, name, number(asked.length, 4), ...asked);
  }
  return option(code, code === 77 || code === 4 ? random.bytes(random.below(20)) : Buffer.alloc(0));
}

/** Ranges mostly inside the disk, sometimes at its limits and beyond. */
function anyRange(random: Random, setup: ServerSetup): { offset: bigint; length: bigint } {
  const size = BigInt(setup.size);
  const block = BigInt(setup.minimumBlock);
  const inside = size > 0n ? random.u64() % size : 0n;
  const offset = random.oneIn(10)
    ? random.pick([0n, size, size - 1n, random.u64()])
    : inside - (inside % block);
  const longest = size > offset ? size - offset : 1n;
  const length = block * BigInt(random.between(random.oneIn(20) ? 0 : 1, 20));
  const fitting = length < longest || random.oneIn(10) ? length : longest;
  return { offset: BigInt.asUintN(64, offset), length: BigInt.asUintN(32, fitting) };
}

function anyRequest(random: Random, setup: ServerSetup, extended: boolean, cookie: bigint): Buffer[] {
  const command = random.pick([0, 0, 0, 1, 1, 1, 3, 4, 5, 6, 7, 7, 9]);
  const { offset, length } = command === Command.flush ? { offset: 0n, length: 0n } : anyRange(random, setup);
  let flags = random.oneIn(4) ? 1 << random.below(6) : 0;
  const header = { command, cookie, offset };
  if (command === Command.write) {
    if (extended) flags |= CommandFlag.payloadLength;
    const payload = random.bytes(Number(length < 100_000n ? length : 100_000n));
    return [writeRequestHeader({ ...header, flags, length: BigInt(payload.length) }, extended), payload];
  }
  if (extended && command === Command.blockStatus && random.oneIn(2)) {
    const ids = Array.from({ length: random.below(4) }, () => number(random.pick([1, 1, 2, 3, 4]), 4));
    const payload = Buffer.concat([number(length, 8), ...ids]);
    flags |= CommandFlag.payloadLength;
    return [writeRequestHeader({ ...header, flags, length: BigInt(payload.length) }, extended), payload];
  }
  if (extended && (flags & CommandFlag.payloadLength) !== 0) {
    const payload = random.bytes(random.below(50));
    return [writeRequestHeader({ ...header, flags, length: BigInt(payload.length) }, extended), payload];
  }
  const long = extended && command >= Command.trim && random.oneIn(4) ? random.u64() : length;
  return [writeRequestHeader({ ...header, flags, length: long }, extended)];
}
