import { readSync, writeSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { encodeMessage, type GuardianMessage, MessageParser } from "./guardian-messages.ts";

/** Enough for most answers in one read: only a path is longer than a few bytes. */
const readBytesMax = 8192;

/** Events from the guardian. */
export interface ChannelEvents {
  received(message: GuardianMessage): void;
  /** No message follows: all processes that held the write end of the pipe have ended. */
  ended(): void;
}

/**
 * The two pipes to and from the guardian. The kernel closes the request pipe when this process ends, however
 * it ends; the guardian sees that. The addon watches the pipes, because creating a Node socket takes as long
 * as starting the command.
 */
export class GuardianChannel {
  /** The guardian's ends, in the order of its descriptors. */
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

  /** Closes our copies of the guardian's ends, after the guardian has started. */
  closeGuardianEnds(): void {
    for (const fd of this.guardianEnds) native().closeDescriptor(fd);
  }

  /** Starts receiving messages, and keeps the event loop alive. */
  listen(events: ChannelEvents): void {
    this.#events = events;
    if (this.#isOpen) this.#watch.want(true, false);
  }

  /** Stops receiving until {@link listen} is called again, so that the process may end. */
  pause(): void {
    if (this.#isOpen) this.#watch.want(false, false);
  }

  /** Sends synchronously. @returns false when the guardian has ended */
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
