import type { Endpoint } from "./listener.ts";
import type { ServerTls } from "./tls.ts";

/** The URI of a server for clients on this machine (doc/uri.md); undefined when nothing can connect to it. */
export function serverUri(endpoint: Endpoint, exportName: string, tls: ServerTls): string | undefined {
  if (endpoint.kind === "none") return undefined;
  // nbds only when TLS is required: with tls=on a client that has the keys may still prefer an unencrypted
  // connection.
  const scheme = tls.mode === "require" ? "nbds" : "nbd";
  const path = exportName === "" ? "" : `/${quote(exportName)}`;
  const base = `${scheme}${family(endpoint)}://${authority(endpoint)}${path}`;
  const query = queryOf(endpoint, tls);
  return query === "" ? base : `${base}?${query}`;
}

type Reachable = Exclude<Endpoint, { readonly kind: "none" }>;

function family({ kind }: Reachable): string {
  return kind === "tcp" ? "" : `+${kind}`;
}

function authority(endpoint: Reachable): string {
  switch (endpoint.kind) {
    case "unix":
      return "";
    case "vsock":
      return `${endpoint.cid}:${endpoint.port}`;
    case "tcp": {
      const { host, port } = endpoint;
      return `${host.includes(":") ? `[${host}]` : host}:${port}`;
    }
  }
}

/** Socket and key locations: query parameters of nbdkit and libnbd beyond the specification. */
function queryOf(endpoint: Reachable, tls: ServerTls): string {
  const items = [
    endpoint.kind === "unix" && `socket=${quote(endpoint.path)}`,
    tls.mode === "require" && tls.certificates !== undefined && `tls-certificates=${quote(tls.certificates)}`,
    tls.mode === "require" && tls.psk !== undefined && `tls-psk-file=${quote(tls.psk)}`,
  ];
  return items.filter((item) => item !== false).join("&");
}

/** Encodes every byte as %XX, except letters, digits and `-._~/`. */
function quote(text: string): string {
  let quoted = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9\-._~/]/.test(character);
    quoted += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return quoted;
}
