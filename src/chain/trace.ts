import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { ListRequest, OpenRequest } from "../contract/plugin.ts";
import { applyChanges } from "../kit/apply-changes.ts";

/** Logs a trace line. */
export type Trace = (line: string) => void;

/** Which steps are traced (-v, nbdkit(1) "-D nbdkit.backend.*"). */
export interface Tracing {
  /** Opening, closing, flushes, and questions about exports. */
  readonly controlPath: boolean;
  /** All other requests. The fast path is off then, so that every request passes through every layer. */
  readonly dataPath: boolean;
}

export const noTracing: Tracing = { controlPath: false, dataPath: false };

/** Describes a question about exports in nbdkit's words. */
export function questionText(question: string, { readOnly, tls }: ListRequest): string {
  return `${question} readonly=${+readOnly} tls=${+tls}`;
}

export function openText({ readOnly, exportName, tls }: OpenRequest): string {
  return `open readonly=${+readOnly} exportname="${exportName}" tls=${+tls}`;
}

/** Returns the handle with a trace line before each call. */
export function traced(handle: Handle, layer: string, tracing: Tracing, trace: Trace): Handle {
  const log = (step: string): void => trace(`${layer}: ${step}`);
  const changes = {
    ...(tracing.controlPath && control(handle, log)),
    ...(tracing.dataPath && requests(handle, log)),
  };
  const { transferable } = handle;
  // Tracing only `close` does not change requests, so worker threads may still serve them.
  const isTraced = tracing.dataPath || (tracing.controlPath && handle.flush !== undefined);
  const sameRequests = !isTraced && transferable !== undefined ? { transferable } : {};
  return { ...applyChanges(handle, changes), ...sameRequests };
}

function control(handle: Handle, log: (step: string) => void): HandleChanges {
  const { flush } = handle;
  return {
    close: () => log("close"),
    ...(flush && {
      flush: () => {
        log("flush");
        return flush.call(handle);
      },
    }),
  };
}

function requests(handle: Handle, log: (step: string) => void): HandleChanges {
  const { write, trim, zero, cache, extents } = handle;
  return {
    read: (into, offset) => {
      log(`pread count=${into.length} offset=${offset}`);
      return handle.read(into, offset);
    },
    ...(write && {
      write: (from, offset, flags) => {
        log(`pwrite count=${from.length} offset=${offset} fua=${+flags.fua}`);
        return write.call(handle, from, offset, flags);
      },
    }),
    ...(trim && {
      trim: (offset, length, flags) => {
        log(`trim count=${length} offset=${offset} fua=${+flags.fua}`);
        return trim.call(handle, offset, length, flags);
      },
    }),
    ...(zero && {
      zero: (offset, length, flags) => {
        const { mayTrim, fua, fastZero } = flags;
        log(`zero count=${length} offset=${offset} may_trim=${+mayTrim} fua=${+fua} fast=${+fastZero}`);
        return zero.call(handle, offset, length, flags);
      },
    }),
    ...(cache && {
      cache: (offset, length) => {
        log(`cache count=${length} offset=${offset}`);
        return cache.call(handle, offset, length);
      },
    }),
    ...(extents && {
      extents: (offset, length, requestOne) => {
        log(`extents count=${length} offset=${offset} req_one=${+requestOne}`);
        return extents.call(handle, offset, length, requestOne);
      },
    }),
  };
}
