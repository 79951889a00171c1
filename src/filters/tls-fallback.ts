import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import { text } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";

/** The size of the disk that plaintext clients see, in bytes. */
const messageBytes = 512;

/** Serves a message instead of the disk to plaintext clients: nbdkit-tls-fallback-filter(1). */
const tlsFallback: Filter = defineFilter({
  name: "tls-fallback",
  longname: "nbdkit tls-fallback filter",
  parameters: {
    tlsreadme: text({
      default: "This NBD server requires TLS authentication before it will serve useful data.\n",
      placeholder: "MESSAGE",
      help: "The message that plaintext clients can read",
    }),
  },
  getReady(_state, _host, threadModel) {
    if (threadModel !== "serialize_connections") return;
    // A plaintext client that stays connected would block all other clients.
    throw new NbdError("EINVAL", "the tls-fallback filter requires a plugin that serves several connections");
  },
  listExports: (next, _state, request) => (request.tls ? next(request) : [{ name: "" }]),
  defaultExport: (next, _state, request) => (request.tls ? next(request) : ""),
  // Do not open the plugin for plaintext clients: opening it may take long.
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
