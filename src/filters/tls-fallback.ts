import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import { text } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";

/** The size of what clients in clear see. */
const messageBytes = 512;

/** Shows a message instead of the disk to clients in clear: nbdkit-tls-fallback-filter(1). */
const tlsFallback: Filter = defineFilter({
  name: "tls-fallback",
  longname: "nbdkit tls-fallback filter",
  parameters: {
    tlsreadme: text({
      default: "This NBD server requires TLS authentication before it will serve useful data.\n",
      placeholder: "MESSAGE",
      help: "What clients in clear can read",
    }),
  },
  getReady(_state, _host, threadModel) {
    if (threadModel !== "serialize_connections") return;
    // A client in clear that never leaves would keep everybody else out.
    throw new NbdError("EINVAL", "the tls-fallback filter requires a plugin that serves several connections");
  },
  listExports: (next, _state, request) => (request.tls ? next(request) : [{ name: "" }]),
  defaultExport: (next, _state, request) => (request.tls ? next(request) : ""),
  // The plugin hears nothing of clients in clear: who knows how long it takes to open.
  openNext: (next, { tlsreadme }, request) => (request.tls ? next(request) : messageDisk(tlsreadme)),
});
export default tlsFallback;

function messageDisk(message: string): Handle {
  const bytes = Buffer.alloc(messageBytes);
  bytes.set(Buffer.from(message).subarray(0, messageBytes));
  return {
    size: BigInt(messageBytes),
    read: (into, offset) => void into.set(bytes.subarray(Number(offset), Number(offset) + into.length)),
  };
}
