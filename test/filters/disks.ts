import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import type { Handle } from "../../src/contract/handle.ts";
import memory from "../../src/plugins/memory.ts";
import type { SessionOptions } from "../../src/testing/subject.ts";
import { bufferDisk } from "../helpers/memory-session.ts";

/** A filter over a memory disk that supports all requests. */
export function overMemory(
  filter: AnyFilter,
  parameters: SessionOptions["parameters"] = {},
): Pick<SessionOptions, "plugin" | "filters" | "parameters"> {
  return { plugin: memory, filters: [filter], parameters: { size: "300K", ...parameters } };
}

/** A small disk that records its requests; all clients share it. */
export class RecordingDisk {
  readonly calls: string[] = [];
  readonly bytes: Buffer = Buffer.alloc(64 * 1024, 7);
  readonly plugin: AnyPlugin;

  constructor(changes: Partial<Handle> = {}) {
    this.plugin = { name: "recording", open: () => ({ ...this.#handle(), ...changes }) };
  }

  #handle(): Handle {
    const handle = bufferDisk(this.bytes) as unknown as Record<string, unknown>;
    const recorded = Object.entries(handle).map(([name, value]) => {
      if (typeof value !== "function") return [name, value];
      const call = (...args: unknown[]): unknown => {
        this.calls.push(name);
        return value(...args);
      };
      return [name, call];
    });
    return Object.fromEntries(recorded) as Handle;
  }
}

export const zeroFlags = { fua: false, mayTrim: true, fastZero: false };
