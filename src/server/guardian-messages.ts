/** What the server and the guardian say to each other; native/guardian.cc has the list. */
export interface GuardianMessage {
  /** One letter. */
  readonly kind: string;
  readonly text: string;
}

/** The letter, and the length of the text in bytes, the lowest first. */
const headerBytes = 5;

export function encodeMessage({ kind, text }: GuardianMessage): Buffer {
  const message = Buffer.alloc(headerBytes + Buffer.byteLength(text));
  message.write(kind, "latin1");
  message.writeUInt32LE(message.length - headerBytes, 1);
  message.write(text, headerBytes);
  return message;
}

/** Makes messages of bytes that come in pieces. */
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
