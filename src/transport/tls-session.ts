import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { distinguishedName } from "./distinguished-name.ts";

/**
 * Describes a TLS session in nbdkit's words, as far as Node knows it.
 * @param username the name in the pre-shared key file; undefined for a session with certificates
 */
export function tlsSessionLines(stream: TLSSocket, username: string | undefined): readonly string[] {
  const version = (stream.getProtocol() ?? "unknown").replace("TLSv", "TLS");
  const session = `TLS session: (${version})-(${stream.getCipher().standardName})`;
  const peer =
    username === undefined
      ? ["TLS: authentication: certificate", certificateLine(stream.getPeerCertificate())]
      : ["TLS: authentication: PSK (Pre-Shared Key)", `TLS: PSK username: ${username}`];
  return [session, ...peer];
}

/** @param certificate an empty object when the peer sent none */
function certificateLine(certificate: Partial<DetailedPeerCertificate>): string {
  const { subject, issuer, serialNumber, valid_from: from, valid_to: to } = certificate;
  if (subject === undefined || issuer === undefined) return "TLS: no peer certificates found";
  const names = `subject \`${distinguishedName(subject)}', issuer \`${distinguishedName(issuer)}'`;
  return `TLS: ${names}, serial 0x${serialNumber?.toLowerCase()}, activated \`${from}', expires \`${to}'`;
}
