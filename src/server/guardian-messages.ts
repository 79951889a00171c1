/** A message between the server and the guardian; native/guardian/guardian.h lists them. */
export interface GuardianMessage {
  /** One letter that names the type. */
  readonly kind: string;
  readonly text: string;
}

/** One byte for the letter, then the length of the text in bytes as uint32, little-endian. */
const headerBytes = 5;

export function encodeMessage({ kind, text }: GuardianMessage): Buffer {
  const message = Buffer.alloc(headerBytes + Buffer.byteLength(text));
  message.write(kind, "latin1");
  message.writeUInt32LE(message.length - headerBytes, 1);
  message.write(text, headerBytes);
  return message;
}

/** Splits a byte stream into messages. */
export class MessageParser {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): readonly GuardianMessage[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: GuardianMessage[] = [];
    while (this.#rest.length >= headerBytes) {
      const end = headerBytes + this.#rest.readUInt32LE(1);
      if (this.#rest.length < end) break;
      const kind = this.#rest.toString("latin1", 0, 1);
      messages.push({ kind, text: this.#rest.toString("utf8", headerBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
