import type { Socket } from "node:net";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import { withoutSecrets } from "../core/secrets.ts";
import { checkOptions } from "../core/shape.ts";
import { clientHandshake } from "../protocol/client/handshake.ts";
import { clientListing, type ServerListing } from "../protocol/client/listing.ts";
import type { NegotiationOptions } from "../protocol/client/negotiate.ts";
import { baseAllocation } from "../protocol/constants.ts";
import { connectSocket, socketTransport } from "../transport/socket.ts";
import type { Transport } from "../transport/transport.ts";
import type { NbdAddress, NbdTarget } from "./address.ts";
import { NbdClient } from "./client.ts";
import { ClientConnection } from "./connection.ts";
import { uriOf } from "./format-uri.ts";
import { checkAddress, connectShape, listShape } from "./option-shapes.ts";
import type { ConnectOptions, ListOptions } from "./options.ts";
import { clientUpgrade } from "./tls.ts";
import { parseNbdUri } from "./uri.ts";

/**
 * Connects to an NBD server and opens an export.
 * @param uri an NBD URI, or an address
 * @throws NbdError EINVAL for a wrong URI or option; ENOTSUP for vsock on systems other than Linux; EINVAL or
 * ENOENT for TLS keys that cannot be used; the errno name of the server's refusal, with the server's text;
 * EPROTO when the server violates the protocol; the code of a failed connect(2)
 * @throws the reason of the signal after an abort
 */
export async function connect(uri: string | NbdAddress, options: ConnectOptions = {}): Promise<NbdClient> {
  checkAddress("connect", uri);
  checkOptions("connect", options, connectShape);
  const given = typeof uri === "string" ? parseNbdUri(uri) : uri;
  const address = options.exportName === undefined ? given : { ...given, exportName: options.exportName };
  const conversation = clientHandshake({
    ...negotiationOptions(address, options),
    exportName: address.exportName ?? "",
    metaContexts: options.metaContexts ?? [baseAllocation],
    listContexts: options.listContexts ?? false,
  });
  return await named(address, options.signal, async () => {
    const connection = await dial(address, options.signal, options.socket);
    return new NbdClient(connection, address, await connection.talk(conversation, options.signal));
  });
}

/**
 * Lists the exports of a server, each with its size, flags and metadata contexts. The export name in the URI
 * is ignored.
 * @param uri an NBD URI, or an address
 * @throws NbdError as `connect`; ENOTSUP for servers that cannot list exports (oldstyle)
 */
export async function listExports(
  uri: string | NbdAddress,
  options: ListOptions = {},
): Promise<ServerListing> {
  checkAddress("listExports", uri);
  checkOptions("listExports", options, listShape);
  const address = typeof uri === "string" ? parseNbdUri(uri) : uri;
  return await named(address, options.signal, async () => {
    const connection = await dial(address, options.signal);
    const listing = await connection.talk(
      clientListing(negotiationOptions(address, options)),
      options.signal,
    );
    connection.leave();
    return listing;
  });
}

function negotiationOptions(
  { tls }: NbdAddress,
  { structuredReplies = true, extendedHeaders = structuredReplies, tlsOptional = false }: ListOptions,
): NegotiationOptions {
  const wanted = tlsOptional ? "allow" : "require";
  return { tls: tls === undefined ? "off" : wanted, structuredReplies, extendedHeaders };
}

async function dial(
  server: NbdAddress,
  signal: AbortSignal | undefined,
  socket?: Socket,
): Promise<ClientConnection> {
  if (socket !== undefined) return new ClientConnection(socketTransport(socket), await clientUpgrade(server));
  const upgrade = await clientUpgrade(server);
  return new ClientConnection(await connectTo(server.target, signal), upgrade);
}

async function connectTo(target: NbdTarget, signal: AbortSignal | undefined): Promise<Transport> {
  if (target.kind === "unix") return connectSocket({ socketPath: target.path }, signal);
  if (target.kind === "tcp") return connectSocket({ host: target.host, port: target.port }, signal);
  // Loaded only here: vsock needs the addon, the other targets do not.
  const { connectVsock } = await import("../transport/vsock.ts");
  return connectVsock(target.cid, target.port, signal);
}

/** Adds the URI of the server to error messages. The reason of an aborted signal is thrown unchanged. */
async function named<T>(
  address: NbdAddress,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw new NbdError(codeOf(error), `${withoutSecrets(uriOf(address))}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
