import { describe, expect, it } from "vitest";
import type { Handle } from "../../../src/contract/handle.ts";
import { NbdError } from "../../../src/core/errors.ts";
import { Gate } from "../../../src/core/gate.ts";
import { optionBytesMax } from "../../../src/protocol/constants.ts";
import { bufferDisk, MemorySession, turn } from "../../helpers/memory-session.ts";
import { ascii, hex } from "../client/talk.ts";

const fixed = "00000003";
const option = (number: number, data = ""): string =>
  `${ascii("IHAVEOPT")} ${number.toString(16).padStart(8, "0")} ${hex(data).length.toString(16).padStart(8, "0")} ${data}`;
const go = option(7, "00000000 0000");
const readTwo = "25609513 0000 0000 0000000000000001 0000000000000000 00000002";
const twoRead = "67446698 00000000 0000000000000001 0000";

const MiB = 1024 * 1024;

/** An event that the test triggers. */
class Later {
  readonly #promise: Promise<void>;
  happen!: () => void;

  constructor() {
    this.#promise = new Promise((resolve) => {
      this.happen = resolve;
    });
  }

  wait(): Promise<void> {
    return this.#promise;
  }
}

/** Counts the opened and the closed handles. */
class Disks {
  opened = 0;
  closed = 0;

  open(): Handle {
    this.opened++;
    return { ...bufferDisk(Buffer.alloc(512)), close: () => void this.closed++ };
  }
}

describe("a session", () => {
  it("whose client disconnects while the plugin opens ends after the plugin has closed the export", async () => {
    const disks = new Disks();
    const opening = new Later();
    const memory = new MemorySession({ open: () => opening.wait().then(() => disks.open()) });
    let finished = false;
    void memory.session.finished.then(() => {
      finished = true;
    });
    await memory.start();
    memory.transport.deliver(hex(fixed, go));
    await turn();
    memory.transport.lose(new NbdError("ECONNRESET", "gone"));
    await turn();
    expect([finished, disks.opened, disks.closed]).toEqual([false, 0, 0]);
    opening.happen();
    await memory.session.finished;
    expect([disks.opened, disks.closed]).toEqual([1, 1]);
  });

  it("delays the next session until the plugin has closed the export, when connections are serialized", async () => {
    const disks = new Disks();
    const opening = new Later();
    let opens = 0;
    const connectionGate = new Gate();
    const options = {
      plugin: { threadModel: "serialize_connections" as const },
      setup: { connectionGate },
      open: () => {
        opens++;
        return opens === 1 ? opening.wait().then(() => disks.open()) : disks.open();
      },
    };
    const [first, second] = [new MemorySession(options), new MemorySession(options)];
    await first.start();
    const started = second.start();
    first.transport.deliver(hex(fixed, go));
    second.transport.deliver(hex(fixed, go));
    await turn();
    first.transport.deliverEnd();
    await turn();
    expect([opens, disks.opened, disks.closed]).toEqual([1, 0, 0]);
    opening.happen();
    await first.session.finished;
    await started;
    second.transport.deliverEnd();
    await second.session.finished;
    expect([opens, disks.opened, disks.closed]).toEqual([2, 2, 2]);
  });

  it("closes the export that INFO opened before it opens another, each once", async () => {
    const disks = new Disks();
    const memory = new MemorySession({ open: () => disks.open() });
    await memory.start();
    const named = (number: number, name: string): string => option(number, `00000001 ${ascii(name)} 0000`);
    memory.transport.deliver(hex(fixed, named(6, "a"), named(6, "a"), named(6, "b"), named(7, "b"), readTwo));
    await memory.untilSent(18 + 4 * (32 + 20) + 18);
    memory.transport.deliverEnd();
    await memory.session.finished;
    expect([disks.opened, disks.closed]).toEqual([2, 2]);
  });

  it("makes no more calls of the plugin for a client that has disconnected", async () => {
    const disks = new Disks();
    const opening = new Later();
    const memory = new MemorySession({ open: () => opening.wait().then(() => disks.open()) });
    await memory.start();
    const named = (name: string): string => option(6, `00000001 ${ascii(name)} 0000`);
    memory.transport.deliver(hex(fixed, named("a"), named("b"), named("c"), option(3), go));
    memory.transport.lose();
    opening.happen();
    await memory.session.finished;
    await turn();
    expect([disks.opened, disks.closed]).toEqual([1, 1]);
    expect(memory.errors).toEqual([]);
  });

  it("resumes a client that was paused because it sent too much", async () => {
    const opening = new Later();
    const disk = bufferDisk(Buffer.alloc(512));
    const memory = new MemorySession({ open: () => opening.wait().then(() => disk) });
    await memory.start();
    memory.transport.deliver(hex(fixed, option(6, "00000000 0000")));
    const unknown = Buffer.concat([
      hex(`${ascii("IHAVEOPT")} 0000004d 00020100`),
      Buffer.alloc(optionBytesMax),
    ]);
    for (let count = 0; count < 8; count++) memory.transport.deliver(unknown);
    expect(memory.transport.isPaused).toBe(true);
    memory.transport.deliver(hex(go, ...Array.from({ length: 20_000 }, () => readTwo)));
    opening.happen();
    const refusals = 8 * (20 + "option 77 is not supported".length);
    await memory.untilSent(18 + 32 + 20 + refusals + 32 + 20 + 20_000 * 18);
    memory.transport.deliverEnd();
    await memory.session.finished;
    const replies = Buffer.concat(Array.from({ length: 20_000 }, () => hex(twoRead)));
    expect(memory.sent.subarray(-replies.length).equals(replies)).toBe(true);
  });

  it("pauses a client that does not read its replies", async () => {
    const disk: Handle = { size: 2n ** 40n, read: () => {} };
    const memory = new MemorySession({ open: () => disk });
    const reads = Buffer.concat(
      Array.from({ length: 50 }, () => hex("25609513 0000 0000 0000000000000001 0000000000000000 00100000")),
    );
    await memory.start();
    memory.transport.deliver(hex(fixed, go));
    await turn();
    memory.sent = Buffer.alloc(0);
    memory.transport.onSent = () => {};
    memory.transport.deliver(reads);
    await turn();
    expect(memory.transport.isPaused).toBe(true);
    expect(memory.transport.backlogBytes).toBeLessThan(6 * 1024 * 1024);
    memory.transport.deliverEnd();
    let taken = 0;
    while (!memory.transport.isClosed) {
      taken += memory.transport.take().length;
      await turn();
    }
    await memory.session.finished;
    expect(taken).toBe(50 * (16 + 0x100000));
  });

  it.each([
    ["-t 2", 2, 1, 2],
    ["16 MiB and one more request", 16, 8 * MiB, 3],
  ])("has at most %s in flight, and starts the rest when there is room", async (_, threads, length, most) => {
    const reading: Later[] = [];
    const disk: Handle = {
      size: 2n ** 40n,
      read: () => {
        reading.push(new Later());
        return reading.at(-1)!.wait();
      },
    };
    const memory = new MemorySession({ open: () => disk, threads });
    await memory.start();
    const read = `25609513 0000 0000 0000000000000001 0000000000000000 ${length.toString(16).padStart(8, "0")}`;
    memory.transport.deliver(hex(fixed, go));
    await memory.untilSent(18 + 32 + 20);
    memory.transport.deliver(hex(read.repeat(6)));
    memory.transport.deliverEnd();
    for (let done = 0; done < 6; done++) {
      await turn();
      await turn();
      expect(reading).toHaveLength(Math.min(6, done + most));
      reading[done]!.happen();
    }
    await memory.session.finished;
    expect(memory.sent).toHaveLength(18 + 32 + 20 + 6 * (16 + length));
  });

  it.each([
    ["sends nothing", ""],
    ["sends options but chooses no export", fixed + option(3)],
    ["stops in the middle of an option", fixed + go.slice(0, -4)],
  ])("disconnects a client that %s until the handshake timeout", async (_, bytes) => {
    const disks = new Disks();
    const memory = new MemorySession({ open: () => disks.open(), handshake: { timeoutMs: 1 } });
    await memory.start();
    memory.transport.deliver(hex(bytes));
    await memory.session.finished;
    expect(memory.errors).toEqual(["the client took too long to choose an export"]);
    expect(disks.opened).toBe(disks.closed);
  });

  it("does not disconnect a client that has chosen an export before the timeout", async () => {
    const disks = new Disks();
    const options = { open: () => disks.open(), handshake: { timeoutMs: 50 } };
    const [chosen, late] = [new MemorySession(options), new MemorySession(options)];
    await chosen.start();
    chosen.transport.deliver(hex(fixed, go));
    await late.start();
    await late.session.finished;
    expect(chosen.transport.isClosed).toBe(false);
    chosen.transport.deliver(hex(readTwo));
    chosen.transport.deliverEnd();
    await chosen.session.finished;
    expect(chosen.sent.subarray(-18)).toEqual(hex(twoRead));
  });

  it.each([
    ["null", null],
    ["an object without a prototype", Object.create(null)],
    ["a symbol", Symbol("thrown")],
  ])("survives a plugin that throws %s", async (_, thrown) => {
    const disk: Handle = { size: 512n, read: () => Promise.reject(thrown) };
    const memory = new MemorySession({ open: () => disk });
    await memory.start();
    memory.transport.deliver(hex(fixed, go));
    await turn();
    memory.sent = Buffer.alloc(0);
    memory.transport.deliver(hex(readTwo));
    memory.transport.deliverEnd();
    await memory.session.finished;
    expect(memory.sent).toEqual(hex("67446698 00000005 0000000000000001"));
  });
});
