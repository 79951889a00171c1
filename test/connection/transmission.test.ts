import { expect, it } from "vitest";
import { Transmission } from "../../src/connection/transmission.ts";
import { silentLog } from "../../src/core/log.ts";
import { Command } from "../../src/protocol/constants.ts";
import { ServedExport } from "../../src/served/served-export.ts";
import type { SendQueue } from "../../src/transport/send-queue.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { request } from "../helpers/raw-client.ts";

/** A send queue that is full after each reply. A flush empties it completely. */
class TightSendQueue implements SendQueue {
  readonly buffer: Buffer = Buffer.alloc(8192);
  replies = 0;
  isFull = false;

  compose(): number {
    this.write();
    return 0;
  }

  discard(): void {
    this.replies--;
    this.isFull = false;
  }

  write(): void {
    this.replies++;
    this.isFull = true;
  }

  flush(): void {
    this.isFull = false;
  }
}

it("continues to take requests when its own flush has emptied the send queue", () => {
  const sendQueue = new TightSendQueue();
  const transport = Object.assign(new MemoryTransport(), { sendQueue });
  const transmission = transmissionOver(transport);
  const read = request({ command: Command.read, length: 512 });
  transmission.received(Buffer.concat([read, read, read, read]));
  expect(sendQueue.replies).toBe(4);
  expect(transport.isPaused).toBe(false);
});

it("does not detach a connection whose socket is already closed", () => {
  const transport = Object.assign(new MemoryTransport(), { isOpen: false });
  const transmission = transmissionOver(transport);
  const detached: Buffer[] = [];
  transmission.detach((rest) => detached.push(rest));
  expect(detached).toEqual([]);
  transport.isOpen = true;
  transmission.received(Buffer.alloc(3));
  expect(detached).toEqual([Buffer.alloc(3)]);
});

function transmissionOver(transport: Transport): Transmission {
  return new Transmission(
    transport,
    {
      exported: new ServedExport(bufferDisk(Buffer.alloc(4096)), false),
      replyForm: "simple",
      contexts: [],
      log: silentLog,
      gone: new AbortController().signal,
    },
    { requestsInFlight: 16 },
    { disconnected: () => {}, progressed: () => {}, idle: () => {}, broken: () => {}, closed: () => {} },
  );
}
