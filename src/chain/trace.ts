import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { ListRequest, OpenRequest } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";

/** Takes a debug line about one client. */
export type Tell = (line: string) => void;

/** What of a client's way through the layers is told (-v, nbdkit(1) "-D nbdkit.backend.*"). */
export interface Tracing {
  /** Opening and closing, and questions about exports. */
  readonly controlPath: boolean;
  /** Each request. It then takes the long way, past every layer. */
  readonly dataPath: boolean;
}

export const noTracing: Tracing = { controlPath: false, dataPath: false };

/** A question about exports, in nbdkit's words. */
export function questionText(question: string, { readOnly, tls }: ListRequest): string {
  return `${question} readonly=${+readOnly} tls=${+tls}`;
}

export function openText({ readOnly, exportName, tls }: OpenRequest): string {
  return `open readonly=${+readOnly} exportname="${exportName}" tls=${+tls}`;
}

/** The same handle, with a line before each call. */
export function traced(handle: Handle, layer: string, tracing: Tracing, tell: Tell): Handle {
  const say = (step: string): void => tell(`${layer}: ${step}`);
  const changes = {
    ...(tracing.controlPath && closing(say)),
    ...(tracing.dataPath && requests(handle, say)),
  };
  const { transferable } = handle;
  // Who only tells of the end is no reason to keep requests from another thread.
  const sameRequests = !tracing.dataPath && transferable !== undefined ? { transferable } : {};
  return { ...applyChanges(handle, changes), ...sameRequests };
}

function closing(say: (step: string) => void): HandleChanges {
  return { close: () => say("close") };
}

function requests(handle: Handle, say: (step: string) => void): HandleChanges {
  const { write, flush, trim, zero, cache, extents } = handle;
  return {
    read: (into, offset) => {
      say(`pread count=${into.length} offset=${offset}`);
      return handle.read(into, offset);
    },
    ...(write && {
      write: (from, offset, flags) => {
        say(`pwrite count=${from.length} offset=${offset} fua=${+flags.fua}`);
        return write.call(handle, from, offset, flags);
      },
    }),
    ...(flush && {
      flush: () => {
        say("flush");
        return flush.call(handle);
      },
    }),
    ...(trim && {
      trim: (offset, length, flags) => {
        say(`trim count=${length} offset=${offset} fua=${+flags.fua}`);
        return trim.call(handle, offset, length, flags);
      },
    }),
    ...(zero && {
      zero: (offset, length, flags) => {
        const { mayTrim, fua, fastZero } = flags;
        say(`zero count=${length} offset=${offset} may_trim=${+mayTrim} fua=${+fua} fast=${+fastZero}`);
        return zero.call(handle, offset, length, flags);
      },
    }),
    ...(cache && {
      cache: (offset, length) => {
        say(`cache count=${length} offset=${offset}`);
        return cache.call(handle, offset, length);
      },
    }),
    ...(extents && {
      extents: (offset, length, requestOne) => {
        say(`extents count=${length} offset=${offset} req_one=${+requestOne}`);
        return extents.call(handle, offset, length, requestOne);
      },
    }),
  };
}
