import type { Handle, HandleChanges } from "../contract/handle.ts";
import { handleMembers } from "../contract/handle-shape.ts";
import { underChanges } from "./transferable.ts";

/** The handle that clients see: the next layer's, with the filter's changes. */
export function applyChanges(next: Handle, changes: HandleChanges): Handle {
  const merged = { ...passThrough(next), ...shortcuts(next, changes), ...changes } as Handle;
  const { close } = changes;
  if (close === undefined) return merged;
  return {
    ...merged,
    close: async () => {
      try {
        await close();
      } finally {
        await next.close?.();
      }
    },
  };
}

/** The fast ways go past a filter that changes nothing about reading or writing, and so do the threads. */
function shortcuts(next: Handle, changes: HandleChanges): HandleChanges {
  return {
    ...("read" in changes ? {} : { readNow: next.readNow?.bind(next) }),
    ...("write" in changes ? {} : { writeNow: next.writeNow?.bind(next) }),
    transferable: underChanges(next.transferable, changes),
  };
}

/** The handle as a plain object, so that it can be spread whatever class it came from. */
function passThrough(next: Handle): Handle {
  return Object.fromEntries(
    passed.map((name) => {
      const member = next[name];
      return [name, typeof member === "function" ? member.bind(next) : member];
    }),
  ) as unknown as Handle;
}

const passed = handleMembers.filter((name) => !["readNow", "writeNow", "transferable"].includes(name));
