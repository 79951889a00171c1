import type { Endpoint } from "./listen.ts";

/** The URI of a server for clients on this machine (doc/uri.md); undefined when nothing can connect to it. */
export function serverUri(endpoint: Endpoint, exportName: string): string | undefined {
  const path = exportName === "" ? "" : `/${quote(exportName)}`;
  switch (endpoint.kind) {
    case "tcp":
      return `nbd://${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}${path}`;
    case "unix":
      return `nbd+unix://${path}?socket=${quote(endpoint.path)}`;
    case "none":
      return undefined;
  }
}

/** Everything but letters, digits and `-._~/` as %XX, byte by byte. */
function quote(text: string): string {
  let quoted = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    quoted += /[A-Za-z0-9\-._~/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return quoted;
}
