import { Duplex } from "node:stream";

/** Changes bytes in transit: it returns the pieces that arrive, or the end of the connection. */
export type Carried = Buffer | "end" | "lost";

/**
 * One end of a connection in memory, with the interface of Node's socket streams. Bytes arrive one event-loop
 * iteration later, and a reader that does not read blocks the writer.
 */
export class MemoryStream extends Duplex {
  /** Changes the bytes that this end sends. */
  carry: (bytes: Buffer) => readonly Carried[] = (bytes) => [bytes];
  /** The number of bytes that this end has sent, or tried to send. */
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

  /** Breaks the connection, as when the peer's system crashes. */
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
    // Closing a socket closes the peer's socket too, after the peer has read the sent bytes.
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
