import type { PeerCertificate } from "node:tls";

/**
 * Formats a name as RFC 4514 specifies: the last attribute first, special characters escaped. Control
 * characters are escaped too, so that the name stays on one line of a log.
 */
export function distinguishedName(name: PeerCertificate["subject"]): string {
  const parts = Object.entries(name).flatMap(([type, value = []]: [string, string | string[] | undefined]) =>
    [value].flat().map((one) => `${type}=${escaped(one)}`),
  );
  return parts.reverse().join(",");
}

function escaped(value: string): string {
  return value
    .replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&")
    .replace(/\p{Cc}/gu, (control) => `\\${Buffer.from(control).toString("hex").toUpperCase()}`);
}
