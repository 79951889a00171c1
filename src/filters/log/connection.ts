import type { Handle, HandleChanges } from "../../contract/handle.ts";
import type { OpenRequest } from "../../contract/plugin.ts";
import type { Extent } from "../../core/extent.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { intercept, type Operation } from "../../kit/intercept.ts";
import { ServedExport } from "../../served/served-export.ts";
import type { Fields, Journal } from "./journal.ts";

/** Logs the requests of one open export. */
export class LoggedConnection {
  readonly #journal: Journal;
  readonly #connection: number;
  #requests = 0;

  constructor(journal: Journal, connection: number) {
    this.#journal = journal;
    this.#connection = connection;
  }

  opened(next: Handle, request: OpenRequest): MaybePromise<void> {
    return this.#print("Connect", connectFields(next, request));
  }

  closed(): MaybePromise<void> {
    return this.#print("Disconnect", { transactions: String(this.#requests) });
  }

  changes(next: Handle, request: OpenRequest): HandleChanges {
    return intercept(next, request, (operation, perform) => {
      const act = {
        name: actNames[operation.kind],
        connection: this.#connection,
        id: ++this.#requests,
      };
      return this.#journal.logCall(act, requestFields(operation), perform, (answer) =>
        answerFields(operation, answer),
      );
    });
  }

  #print(name: string, fields: Fields): MaybePromise<void> {
    return this.#journal.print({ name, connection: this.#connection }, fields);
  }
}

const actNames: Readonly<Record<Operation["kind"], string>> = {
  read: "Read",
  write: "Write",
  flush: "Flush",
  trim: "Trim",
  zero: "Zero",
  cache: "Cache",
  extents: "Extents",
};

export function shown(flag: boolean): string {
  return flag ? "1" : "0";
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** The abilities of the next layer, in nbdkit's numbers: 0 none, 1 emulated by the server, 2 native. */
function connectFields(next: Handle, { exportName, tls, readOnly, signal }: OpenRequest): Fields {
  const below = new ServedExport(next, readOnly, signal);
  const degree = (can: boolean, itself: boolean): string => (can ? (itself ? "2" : "1") : "0");
  const { minimum, preferred, maximum } = next.blockSize ?? { minimum: 0, preferred: 0, maximum: 0 };
  return {
    export: exportName,
    tls: shown(tls),
    size: hex(next.size),
    minsize: hex(minimum),
    prefsize: hex(preferred),
    maxsize: hex(maximum),
    write: shown(below.canWrite),
    flush: shown(below.canFlush),
    rotational: shown(below.rotational),
    trim: shown(below.canTrim),
    zero: degree(below.canZero, next.zero !== undefined),
    fua: degree(below.canFua, !below.fuaFlushes),
    extents: shown(next.extents !== undefined),
    cache: degree(below.canCache, next.cache !== undefined),
    fast_zero: shown(below.canFastZero),
  };
}

function requestFields(operation: Operation): Fields {
  if (operation.kind === "flush") return {};
  const range = { offset: hex(operation.offset), count: hex(operation.length) };
  switch (operation.kind) {
    case "write":
    case "trim":
      return { ...range, fua: shown(operation.flags.fua) };
    case "zero": {
      const { mayTrim, fua, fastZero } = operation.flags;
      return { ...range, trim: shown(mayTrim), fua: shown(fua), fast: shown(fastZero) };
    }
    case "extents":
      return { ...range, req_one: shown(operation.requestOne) };
    default:
      return range;
  }
}

/** Only extents are logged. */
function answerFields(operation: Operation, answer: unknown): Fields {
  if (operation.kind !== "extents") return {};
  // An interceptor does not know the type of each answer; a request for extents is answered with extents.
  return { extents: { words: extentWords(operation.offset, answer as readonly Extent[]) } };
}

function extentWords(from: bigint, extents: readonly Extent[]): readonly string[] {
  let offset = from;
  return extents.flatMap(({ length, hole, zero }) => {
    const states = [...(hole ? ["hole"] : []), ...(zero ? ["zero"] : [])];
    const words = [hex(offset), hex(length), `"${states.join(",")}"`];
    offset += length;
    return words;
  });
}
