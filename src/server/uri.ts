import type { Endpoint } from "./listen.ts";
import type { ServerTls } from "./tls.ts";

/** The URI of a server for clients on this machine (doc/uri.md); undefined when nothing can connect to it. */
export function serverUri(endpoint: Endpoint, exportName: string, tls: ServerTls): string | undefined {
  if (endpoint.kind === "none") return undefined;
  // Only where TLS is required: a client that has the keys may still prefer a plain connection to a server that lets it.
  const scheme = tls.mode === "require" ? "nbds" : "nbd";
  const path = exportName === "" ? "" : `/${quote(exportName)}`;
  const base =
    endpoint.kind === "unix" ? `${scheme}+unix://${path}` : `${scheme}://${hostAndPort(endpoint)}${path}`;
  const query = queryOf(endpoint, tls);
  return query === "" ? base : `${base}?${query}`;
}

function hostAndPort({ host, port }: Endpoint & { readonly kind: "tcp" }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The socket, and where the keys are: nbdkit's and libnbd's additions to the specification. */
function queryOf(endpoint: Endpoint, tls: ServerTls): string {
  const items = [
    endpoint.kind === "unix" && `socket=${quote(endpoint.path)}`,
    tls.mode === "require" && tls.certificates !== undefined && `tls-certificates=${quote(tls.certificates)}`,
    tls.mode === "require" && tls.psk !== undefined && `tls-psk-file=${quote(tls.psk)}`,
  ];
  return items.filter((item) => item !== false).join("&");
}

/** Everything but letters, digits and `-._~/` as %XX, byte by byte. */
function quote(text: string): string {
  let quoted = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9\-._~/]/.test(character);
    quoted += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return quoted;
}
