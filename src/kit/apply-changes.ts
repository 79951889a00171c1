import type { Handle, HandleChanges } from "../contract/handle.ts";
import { handleMembers } from "../contract/handle-shape.ts";
import { underChanges } from "./transferable.ts";

/**
 * Returns the handle of the next layer with the filter's changes. `close` closes the filter first, then the
 * next layer.
 */
export function applyChanges(next: Handle, changes: HandleChanges): Handle {
  // `next` has all required members, and changes replace members by others of the same type.
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

/**
 * A filter that does not change reading keeps the fast path of reading, and likewise for writing. Worker
 * threads can serve the handle where the changes are plain values.
 */
function shortcuts(next: Handle, changes: HandleChanges): HandleChanges {
  return {
    ...("read" in changes ? {} : { readNow: next.readNow?.bind(next) }),
    ...("write" in changes ? {} : { writeNow: next.writeNow?.bind(next) }),
    transferable: underChanges(next.transferable, changes),
  };
}

/** Copies the handle into a plain object, which can be spread whatever class the handle is of. */
function passThrough(next: Handle): HandleChanges {
  return Object.fromEntries(
    passed.map((name) => {
      const member = next[name];
      return [name, typeof member === "function" ? member.bind(next) : member];
    }),
  );
}

const passed = handleMembers.filter((name) => !["readNow", "writeNow", "transferable"].includes(name));
