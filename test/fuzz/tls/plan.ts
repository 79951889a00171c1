import type { Random } from "../../../src/testing/random.ts";
import { type ClientCase, clientCase } from "../client-grammar.ts";
import { option, optionReply } from "../encode.ts";
import { type ServerCase, serverCase } from "../server-grammar.ts";

/** Who has which keys. The fuzzed side has good ones; what the peer has is said here. */
export type Keys = "x509" | "anonymous" | "stranger" | "psk" | "wrong-psk" | "psk-and-x509";

/** Something that happens to the peer's bytes from STARTTLS on; `at` counts them. */
export interface Fault {
  readonly at: number;
  readonly kind: "flip" | "insert" | "drop" | "repeat" | "end" | "lost";
  /** Bytes that are inserted, in hex; how many are dropped or repeated; which bit is flipped. */
  readonly bytes?: string;
  readonly count?: number;
}

export interface TlsPlan {
  readonly keys: Keys;
  readonly version: "TLSv1.2" | "TLSv1.3";
  /** The server turns away clients without a certificate. */
  readonly verifyPeer: boolean;
  /** The server's connection is a socket of the addon's, and not a stream of Node.js's. */
  readonly native: boolean;
  /** Sent in clear together with STARTTLS or its acknowledgement, in hex. */
  readonly injected: string;
  /** Sent instead of a TLS handshake, in hex. */
  readonly instead: string | undefined;
  readonly faults: readonly Fault[];
  /** Lengths of the pieces that the peer's bytes arrive in; none leaves them whole. */
  readonly cut: readonly number[];
}

/** A conversation inside TLS: the inner case's greeting or flags are sent in clear. */
export interface TlsServerCase {
  readonly side: "tls-server";
  readonly seed: number;
  readonly plan: TlsPlan;
  readonly inner: ServerCase;
}

export interface TlsClientCase {
  readonly side: "tls-client";
  readonly seed: number;
  readonly plan: TlsPlan;
  readonly inner: ClientCase;
}

export type TlsCase = TlsServerCase | TlsClientCase;

export function tlsServerCase(random: Random): TlsServerCase {
  const plan = tlsPlan(random, "server");
  for (;;) {
    const made = serverCase(random);
    const inner = { ...made, setup: { ...made.setup, style: "newstyle" as const, flagsMask: 0xffff } };
    if (fixedFlags(Buffer.concat(inner.chunks)))
      return { side: "tls-server", seed: random.u32(), plan, inner };
  }
}

export function tlsClientCase(random: Random): TlsClientCase {
  const plan = tlsPlan(random, "client");
  for (;;) {
    const inner = clientCase(random);
    if (fixedGreeting(Buffer.concat(inner.handshake))) {
      return { side: "tls-client", seed: random.u32(), plan, inner };
    }
  }
}

/** The client's first four bytes; only the fixed newstyle has TLS. */
function fixedFlags(bytes: Buffer): boolean {
  return bytes.length >= 4 && [1, 3].includes(bytes.readUInt32BE(0));
}

export const greetingBytes = 18;

function fixedGreeting(bytes: Buffer): boolean {
  const right = bytes.length >= greetingBytes && bytes.toString("latin1", 0, 16) === "NBDMAGICIHAVEOPT";
  return right && [1, 3].includes(bytes.readUInt16BE(16));
}

/** Whether everything around the inner conversation is in order. */
export function isClean(plan: TlsPlan, fuzzed: "server" | "client"): boolean {
  const { keys, verifyPeer, injected, instead, faults } = plan;
  const anonymous = keys === "anonymous" && fuzzed === "server" && !verifyPeer;
  const known = keys === "x509" || keys === "psk" || anonymous;
  return known && injected === "" && instead === undefined && faults.length === 0;
}

function tlsPlan(random: Random, fuzzed: "server" | "client"): TlsPlan {
  // In clean sessions the inner bytes are what is fuzzed.
  const clean = random.oneIn(2);
  const seldom = <T>(times: number, otherwise: T, make: () => T): T =>
    clean || !random.oneIn(times) ? otherwise : make();
  return {
    keys: clean ? random.pick(["x509", "psk"]) : random.pick(allKeys),
    version: random.pick(["TLSv1.2", "TLSv1.3"]),
    verifyPeer: random.oneIn(4),
    native: random.oneIn(2),
    injected: seldom(6, "", () => injection(random, fuzzed)),
    instead: seldom<string | undefined>(5, undefined, () => nonsense(random)),
    faults: clean ? [] : Array.from({ length: random.below(4) }, () => fault(random)),
    cut: random.pick([[], [1], [5, 1, 300], [100], [1400], [16_384, 3]]),
  };
}

const allKeys: readonly Keys[] = [
  "x509",
  "x509",
  "x509",
  "psk",
  "psk",
  "anonymous",
  "stranger",
  "wrong-psk",
  "psk-and-x509",
];

function injection(random: Random, fuzzed: "server" | "client"): string {
  if (fuzzed === "server")
    return random.pick([option(3), option(7), option(2), random.bytes(9)]).toString("hex");
  return random.pick([optionReply(8, 1), optionReply(5, 1), random.bytes(9)]).toString("hex");
}

/** What is no TLS handshake, or only begins like one. */
function nonsense(random: Random): string {
  const made = random.pick<() => Buffer>([
    () => random.bytes(random.below(200)),
    () => Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    () => record(random),
    () => Buffer.concat(Array.from({ length: random.between(1, 40) }, () => record(random))),
    // A hello of the largest length, and little of it.
    () => Buffer.concat([Buffer.from("160301400001003ffc0303", "hex"), random.bytes(random.below(5000))]),
    // The hello of SSL 2.
    () =>
      Buffer.concat([
        Buffer.from("802e0100020015000000100100800200800300800400800500800600400700c0", "hex"),
        random.bytes(16),
      ]),
    () => Buffer.concat([option(random.pick([3, 5, 7])), option(2)]),
    () => Buffer.alloc(0),
  ]);
  return made().toString("hex");
}

/** One record in clear, of every type and some lengths, whether or not it makes sense. */
function record(random: Random): Buffer {
  const body = random.pick<() => Buffer>([
    // HelloRequest, KeyUpdate, a close, a fatal alert, a change of ciphers.
    () => Buffer.from("00000000", "hex"),
    () => Buffer.from("1800000101", "hex"),
    () => Buffer.from("0100", "hex"),
    () => Buffer.from("0228", "hex"),
    () => Buffer.from("01", "hex"),
    () => Buffer.alloc(0),
    () => random.bytes(random.below(60)),
  ])();
  const head = Buffer.from([
    random.pick([20, 21, 22, 23, 24, random.below(256)]),
    3,
    random.pick([0, 1, 3, 4]),
    0,
    0,
  ]);
  head.writeUInt16BE(random.oneIn(6) ? random.pick([0, 1, 0x4000, 0x4101, 0xffff]) : body.length, 3);
  return Buffer.concat([head, body]);
}

function fault(random: Random): Fault {
  // The handshake takes some hundreds of bytes, or a few thousand with certificates.
  const at = random.below(random.pick([6, 600, 600, 3000, 10_000]));
  const kind = random.pick(["flip", "flip", "insert", "insert", "drop", "repeat", "end", "lost"] as const);
  if (kind === "insert") {
    return {
      at,
      kind,
      bytes: (random.oneIn(3) ? random.bytes(random.between(1, 40)) : record(random)).toString("hex"),
    };
  }
  return { at, kind, count: kind === "flip" ? random.below(8) : random.between(1, 300) };
}
