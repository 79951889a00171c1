import { Duplex } from "node:stream";

/** What becomes of bytes on their way: pieces that arrive, or the end of the connection. */
export type Carried = Buffer | "end" | "lost";

/**
 * One end of a connection in memory, as Node.js has streams for sockets: bytes arrive a turn of the event loop later, and a
 * reader that does not read makes the writer wait.
 */
export class MemoryStream extends Duplex {
  /** Changes what this end sends. */
  carry: (bytes: Buffer) => readonly Carried[] = (bytes) => [bytes];
  /** Bytes that this end has sent, or tried to. */
  moved = 0;
  #other: MemoryStream | undefined;
  #ended = false;
  #held: (() => void) | undefined;

  static pair(): [MemoryStream, MemoryStream] {
    const [one, other] = [new MemoryStream(), new MemoryStream()];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  /** The connection breaks, as when the peer's system vanishes. */
  lose(): void {
    const lost = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    this.#other!.destroy(lost);
    this.destroy();
  }

  override _read(): void {
    const written = this.#other!.#held;
    this.#other!.#held = undefined;
    if (written !== undefined) setImmediate(written);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, written: () => void): void {
    this.moved += bytes.length;
    setImmediate(() => {
      let room = true;
      for (const piece of this.carry(Buffer.from(bytes))) room = this.#pass(piece) && room;
      if (room || this.#other!.destroyed) setImmediate(written);
      else this.#held = written;
    });
  }

  override _final(finished: () => void): void {
    setImmediate(() => {
      this.#pass("end");
      finished();
    });
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    // A socket that is closed closes the peer's as well, once that has read what was sent.
    setImmediate(() => this.#pass("end"));
    const written = this.#other!.#held;
    this.#other!.#held = undefined;
    if (written !== undefined) setImmediate(written);
    destroyed(error);
  }

  #pass(piece: Carried): boolean {
    const other = this.#other!;
    if (this.#ended || other.destroyed) return true;
    if (piece === "lost") {
      this.#ended = true;
      this.lose();
      return true;
    }
    if (piece === "end") {
      this.#ended = true;
      other.push(null);
      return true;
    }
    return piece.length === 0 || other.push(piece);
  }
}
