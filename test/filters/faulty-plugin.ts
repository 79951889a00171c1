import type { AnyFilter } from "../../src/chain/component.ts";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin, type OpenRequest, type Plugin } from "../../src/contract/plugin.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { bufferDisk, turn } from "../helpers/memory-session.ts";

export function fail(code: string, message: string): never {
  throw Object.assign(new Error(message), { code });
}

/** A disk where every third request and every third open fails. Half of the answers are asynchronous. */
export function faultyPlugin(size: number): Plugin {
  const random = new Random(1);
  const bytes = Buffer.alloc(size, 7);
  const faulty =
    <Arguments extends unknown[], Result>(method: (...args: Arguments) => Result) =>
    (...args: Arguments): Result => {
      if (random.oneIn(6)) fail("EIO", "faulty at once");
      if (random.oneIn(2)) return method(...args);
      return turn().then(() => (random.oneIn(6) ? fail("EIO", "faulty later") : method(...args))) as Result;
    };
  return definePlugin({
    name: "faulty",
    open(): Handle {
      if (random.oneIn(3)) fail("EIO", "faulty open");
      const disk = bufferDisk(bytes);
      return {
        ...disk,
        read: faulty(disk.read),
        write: faulty(disk.write!),
        flush: faulty(disk.flush!),
        trim: faulty(disk.trim!),
        zero: faulty(disk.zero!),
        cache: faulty(disk.cache!),
        extents: faulty(disk.extents!),
      };
    },
  });
}

/**
 * A plugin that opens the given handles in order, and the last one for all later opens. It records its calls.
 */
export function sequencePlugin(handles: readonly (() => Handle)[]): {
  readonly plugin: Plugin;
  readonly opened: Pick<OpenRequest, "readOnly" | "exportName">[];
} {
  const opened: Pick<OpenRequest, "readOnly" | "exportName">[] = [];
  const plugin = definePlugin({
    name: "sequence",
    open(_values, { readOnly, exportName }) {
      opened.push({ readOnly, exportName });
      return (handles[opened.length - 1] ?? handles.at(-1)!)();
    },
  });
  return { plugin, opened };
}

/** A session with this plugin under a filter. */
export async function sequenceSession(
  filter: AnyFilter,
  handles: readonly (() => Handle)[],
  parameters: Record<string, string>,
): Promise<{ session: TestedChain; opened: readonly unknown[] }> {
  const { plugin, opened } = sequencePlugin(handles);
  const session = await TestedChain.start({ plugin, filters: [filter], parameters });
  return { session, opened };
}
