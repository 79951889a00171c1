import { Socket } from "node:net";
import { type ConnectOptions, connect, type NbdAddress, type TlsParameters } from "../../client/index.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { connectToCommand } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Settings } from "./settings.ts";

/** Reaches the far server in the way that the settings say, one attempt at a time. */
export class Dialer {
  readonly #settings: Settings;
  #socketTaken = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @throws NbdError that names the far server; the signal's reason */
  async dial(exportName: string, signal: AbortSignal): Promise<Connection> {
    const { place, tls, wishes } = this.#settings;
    const options: ConnectOptions = { ...wishes, exportName, signal };
    if (place.kind === "command") return connectToCommand(place.words, tls, options);
    const client =
      place.kind === "address"
        ? await connect(place.address, options)
        : await connect(inheritedAddress(place.fd, tls), { ...options, socket: this.#takeSocket(place.fd) });
    return { client, finished: client.closed };
  }

  /** Closed, its number may be somebody else's. */
  #takeSocket(fd: number): Socket {
    if (this.#socketTaken) {
      throw new NbdError(
        "ENOTCONN",
        `socket-fd=${fd}: the connection is over, and there is no way to make another`,
      );
    }
    this.#socketTaken = true;
    try {
      return new Socket({ fd, readable: true, writable: true });
    } catch (error) {
      throw new NbdError("EINVAL", `socket-fd=${fd}: not a connected socket: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** What messages call it. */
function inheritedAddress(fd: number, tls: TlsParameters | undefined): NbdAddress {
  return { target: { kind: "unix", path: `/dev/fd/${fd}` }, ...(tls && { tls }) };
}
