import type { Conversation } from "../../../src/protocol/conversation.ts";
import { HandshakeDriver } from "../../../src/protocol/handshake-driver.ts";

export interface Talked<Result> {
  readonly result?: Result;
  readonly error?: Error & { code?: string };
  readonly sent: Buffer;
  readonly rest?: Buffer;
}

/** Runs a handshake against known bytes, split into chunks. The peer disconnects after them. */
export function talk<Result>(conversation: Conversation<Result>, chunks: readonly Buffer[]): Talked<Result> {
  const sent: Buffer[] = [];
  let end: Omit<Talked<Result>, "sent"> = {};
  const driver = new HandshakeDriver(conversation, {
    send: (bytes) => sent.push(bytes),
    startTls: async () => {},
    done: (result, rest) => {
      end = { result, rest };
    },
    failed: (error) => {
      end = { error: error as Error };
    },
  });
  driver.start();
  for (const chunk of chunks) driver.receive(chunk);
  driver.fail(Object.assign(new Error("the peer left"), { code: "ECONNRESET" }));
  return { ...end, sent: Buffer.concat(sent) };
}

export const hex = (...parts: string[]): Buffer => Buffer.from(parts.join("").replace(/\s+/g, ""), "hex");
export const ascii = (text: string): string => Buffer.from(text).toString("hex");

/** Splits the bytes in every way that is tested: one piece, single bytes, and two pieces at each position. */
export function* everyCut(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes];
  yield [...bytes].map((byte) => Buffer.from([byte]));
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

export const greeting: string = `${ascii("NBDMAGIC")}${ascii("IHAVEOPT")}0003`;

/** A reply to an option, with the data in hex. */
export function optionReply(option: number, type: number, data = ""): string {
  const number = (value: number): string => value.toString(16).padStart(8, "0");
  return `0003e889045565a9 ${number(option)} ${number(type)} ${number(data.replace(/\s+/g, "").length / 2)} ${data}`;
}

/** NBD_INFO_EXPORT: 1 MiB, flags 0x05cd. */
export const exportItem = "0000 0000000000100000 05cd";
export const unsupported = 0x80000001;
