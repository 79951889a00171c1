import { Socket } from "node:net";
import { type ConnectOptions, connect, type NbdAddress, type TlsParameters } from "../../client/index.ts";
import { messageOf, NbdError } from "../../core/errors.ts";
import { connectToCommand } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Settings } from "./settings.ts";

/** Connects to the remote server according to the settings. Each call is one attempt. */
export class Dialer {
  readonly #settings: Settings;
  #socketTaken = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * Makes a connection.
   * @throws NbdError that names the remote server; the reason of the signal when it is aborted
   */
  async dial(exportName: string, signal: AbortSignal): Promise<Connection> {
    const { place, tls, connectOptions } = this.#settings;
    const options: ConnectOptions = { ...connectOptions, exportName, signal };
    if (place.kind === "command") return connectToCommand(place.words, tls, options);
    const client =
      place.kind === "address"
        ? await connect(place.address, options)
        : await connect(inheritedAddress(place.fd, tls), { ...options, socket: this.#takeSocket(place.fd) });
    return { client, finished: client.closed };
  }

  /**
   * Takes the inherited socket once. After it is closed, the system may reuse its number for another file.
   */
  #takeSocket(fd: number): Socket {
    if (this.#socketTaken) {
      throw new NbdError(
        "ENOTCONN",
        `socket-fd=${fd}: the connection is closed, and the plugin cannot make a new one`,
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

/** The address of an inherited socket in messages. */
function inheritedAddress(fd: number, tls: TlsParameters | undefined): NbdAddress {
  return { target: { kind: "unix", path: `/dev/fd/${fd}` }, ...(tls && { tls }) };
}
