import type { Handle } from "../contract/handle.ts";
import { definePlugin, type OpenRequest, type Plugin } from "../contract/plugin.ts";
import { parseBase64 } from "../core/base64.ts";
import { NbdError } from "../core/errors.ts";
import { compatibleVersion } from "../core/version.ts";
import { addressText } from "./info/address.ts";
import { microseconds, timeBytes } from "./info/time.ts";

const modes = ["exportname", "base64exportname", "address", "time", "uptime", "conntime", "version"] as const;
type Mode = (typeof modes)[number];

interface State {
  readonly mode: Mode;
  /** The start of the server in µs of the monotonic clock. */
  readonly started: bigint;
}

/** A disk that contains information about the client or the server (nbdkit-info-plugin(1)). */
const info: Plugin = definePlugin({
  name: "info",
  longname: "nbdkit info plugin",
  description: "A disk with information about the client or the server",
  parameters: {
    mode: {
      parse: parseMode,
      placeholder: modes.join("|"),
      words: modes,
      help: "The content of the disk",
      default: "exportname" as Mode,
    },
  },
  magicKey: "mode",
  provides: ["multiConn", "cache"],
  dumpPlugin: () => ({ info_address: "yes", info_base64: "yes" }),
  configComplete: ({ mode }): State => ({ mode, started: microseconds.steady() }),
  open: ({ mode, started }, request) => openMode(mode, started, request),
});

export default info;

/**
 * Parses the mode. Upper and lower case are equal, and the spellings with dashes of newer nbdkit versions are
 * accepted.
 */
function parseMode(text: string): Mode {
  const plain = text
    .toLowerCase()
    .replace(/^(?:export-name|base64-export-name)$/, (name) => name.replaceAll("-", ""));
  const mode = modes.find((name) => name === plain);
  if (mode !== undefined) return mode;
  throw new NbdError("EINVAL", `unknown mode: '${text}': use ${modes.join(", ")}`);
}

function openMode(mode: Mode, started: bigint, request: OpenRequest): Handle {
  if (mode === "time") return clock(microseconds.wall);
  if (mode === "uptime") return clock(() => microseconds.steady() - started);
  if (mode === "conntime") {
    const opened = microseconds.steady();
    return clock(() => microseconds.steady() - opened);
  }
  if (mode === "exportname") return constant(Buffer.from(request.exportName), true);
  if (mode === "base64exportname") return constant(parseBase64(request.exportName), true);
  if (mode === "version") return constant(Buffer.from(compatibleVersion), true);
  // No multi-conn: each connection of a client has a different port, so it reads different bytes.
  return constant(Buffer.from(addressText(request.peer)), false);
}

function constant(bytes: Buffer, multiConn: boolean): Handle {
  return {
    size: BigInt(bytes.length),
    multiConn,
    read: (into, offset) => void bytes.copy(into, 0, Number(offset)),
    cache: () => {},
  };
}

/**
 * A disk that contains the current time. Two reads return different times, so a client must read it in one
 * request.
 */
function clock(now: () => bigint): Handle {
  return {
    size: BigInt(timeBytes(0n).length),
    read: (into, offset) => void timeBytes(now()).copy(into, 0, Number(offset)),
    cache: () => {},
  };
}
