import { readSync, writeSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { encodeMessage, type GuardianMessage, MessageParser } from "./guardian-messages.ts";

/** Answers are some bytes long, but for a path. */
const readBytesMax = 8192;

/** What comes from the guardian. */
export interface ChannelEvents {
  received(message: GuardianMessage): void;
  /** No message comes any more: all that could send one has ended. */
  ended(): void;
}

/**
 * The pipes to and from the guardian. The one to it ends with this process, however this process ends. They are pipes on the
 * addon's watch, because making a socket of Node's takes as long as starting the command.
 */
export class GuardianChannel {
  /** The guardian's ends, in the order in which it gets them. */
  readonly guardianEnds: readonly [requests: number, answers: number];
  readonly #requests: number;
  readonly #answers: number;
  readonly #watch: Watch;
  readonly #parser = new MessageParser();
  #events: ChannelEvents | undefined;
  #isOpen = true;

  constructor() {
    const requests = native().createPipe();
    const answers = native().createPipe();
    this.guardianEnds = [requests.readEnd, answers.writeEnd];
    this.#requests = requests.writeEnd;
    this.#answers = answers.readEnd;
    this.#watch = new (native().Watch)(this.#answers, () => this.#read());
  }

  /** The guardian has its ends: from now on they are nobody else's. */
  closeGuardianEnds(): void {
    for (const fd of this.guardianEnds) native().closeDescriptor(fd);
  }

  /** Receives messages from now on, for which the event loop is kept alive. */
  listen(events: ChannelEvents): void {
    this.#events = events;
    if (this.#isOpen) this.#watch.want(true, false);
  }

  /** Until {@link listen} is called again. */
  pause(): void {
    if (this.#isOpen) this.#watch.want(false, false);
  }

  /** Returns when the system has taken it. @returns false when there is no guardian any more */
  send(message: GuardianMessage): boolean {
    if (!this.#isOpen) return false;
    try {
      for (let rest = encodeMessage(message); rest.length > 0; )
        rest = rest.subarray(writeSync(this.#requests, rest));
      return true;
    } catch (error) {
      if (codeOf(error) === "EPIPE") return false;
      throw error;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    native().closeDescriptor(this.#requests);
    native().closeDescriptor(this.#answers);
  }

  #read(): void {
    const bytes = Buffer.alloc(readBytesMax);
    const length = readSync(this.#answers, bytes);
    if (length === 0) {
      this.close();
      this.#events?.ended();
      return;
    }
    for (const message of this.#parser.push(bytes.subarray(0, length))) this.#events?.received(message);
  }
}
