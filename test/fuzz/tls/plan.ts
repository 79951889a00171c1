import type { Random } from "../../../src/testing/random.ts";
import { type ClientCase, clientCase } from "../client-grammar.ts";
import { option, optionReply } from "../encode.ts";
import { type ServerCase, serverCase } from "../server-grammar.ts";

/** The keys of the peer. The side under test has valid keys. */
export type Keys = "x509" | "anonymous" | "stranger" | "psk" | "wrong-psk" | "psk-and-x509";

/** A fault in the bytes of the peer after STARTTLS. `at` is an offset in these bytes. */
export interface Fault {
  readonly at: number;
  readonly kind: "flip" | "insert" | "drop" | "repeat" | "end" | "lost";
  /** The inserted bytes in hex. `count` is the number of dropped or repeated bytes, or the bit to flip. */
  readonly bytes?: string;
  readonly count?: number;
}

export interface TlsPlan {
  readonly keys: Keys;
  readonly version: "TLSv1.2" | "TLSv1.3";
  /** True when the server refuses clients without a certificate. */
  readonly verifyPeer: boolean;
  /** True when the server uses a socket of the native addon instead of a Node.js stream. */
  readonly native: boolean;
  /** Plaintext bytes that follow STARTTLS or its acknowledgement, in hex. */
  readonly injected: string;
  /** Bytes that replace the TLS handshake, in hex. */
  readonly instead: string | undefined;
  readonly faults: readonly Fault[];
  /** Lengths of the pieces that the bytes of the peer arrive in. An empty list leaves them whole. */
  readonly cut: readonly number[];
}

/** A case with TLS. The greeting or the flags of the inner case are sent in plaintext. */
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

/** Checks the first four bytes of the client: only fixed newstyle supports TLS. */
function fixedFlags(bytes: Buffer): boolean {
  return bytes.length >= 4 && [1, 3].includes(bytes.readUInt32BE(0));
}

export const greetingBytes = 18;

function fixedGreeting(bytes: Buffer): boolean {
  const right = bytes.length >= greetingBytes && bytes.toString("latin1", 0, 16) === "NBDMAGICIHAVEOPT";
  return right && [1, 3].includes(bytes.readUInt16BE(16));
}

/** Tells whether the TLS layer has no fault. */
export function isClean(plan: TlsPlan, fuzzed: "server" | "client"): boolean {
  const { keys, verifyPeer, injected, instead, faults } = plan;
  const anonymous = keys === "anonymous" && fuzzed === "server" && !verifyPeer;
  const known = keys === "x509" || keys === "psk" || anonymous;
  return known && injected === "" && instead === undefined && faults.length === 0;
}

function tlsPlan(random: Random, fuzzed: "server" | "client"): TlsPlan {
  // In sessions with a valid TLS layer, the NBD bytes are fuzzed.
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

/** Bytes that are no TLS handshake, or only start like one. */
function nonsense(random: Random): string {
  const made = random.pick<() => Buffer>([
    () => random.bytes(random.below(200)),
    () => Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    () => record(random),
    () => Buffer.concat(Array.from({ length: random.between(1, 40) }, () => record(random))),
    // A ClientHello of maximum length with only a part of its bytes.
    () => Buffer.concat([Buffer.from("160301400001003ffc0303", "hex"), random.bytes(random.below(5000))]),
    // A ClientHello of SSL 2.
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

/** A plaintext record of any type and of several lengths, valid or not. */
function record(random: Random): Buffer {
  const body = random.pick<() => Buffer>([
    // HelloRequest, KeyUpdate, close_notify, a fatal alert, ChangeCipherSpec.
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
  // The TLS handshake needs some hundreds of bytes, or a few thousand with certificates.
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
