import { createServer, type Server, type Socket } from "node:net";
import { failure } from "../../contract/failure.ts";
import { native } from "../../native/load.ts";
import { removeStaleSocket, SocketFile } from "../../native/socket-file.ts";

/** A Unix socket that accepts commands of one letter and answers them in order. */
export class ControlSocket {
  readonly #path: string;
  readonly #obey: (command: string) => Promise<string>;
  readonly #clients = new Set<Socket>();
  #server: Server | undefined;
  #file: SocketFile | undefined;

  /** @param obey performs a command and returns the answer */
  constructor(path: string, obey: (command: string) => Promise<string>) {
    this.#path = path;
    this.#obey = obey;
  }

  async listen(): Promise<void> {
    // Pass a descriptor, not the path: on close, Node would remove any file at the path, also one of another
    // process.
    const fd = this.#bind();
    this.#file = new SocketFile(this.#path);
    const server = createServer((client) => void this.#serve(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(failure("listen", this.#path, error)));
      server.listen({ fd }, resolve);
    });
    this.#server = server;
  }

  close(): void {
    if (this.#server === undefined) return;
    this.#file?.remove();
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }

  #bind(): number {
    removeStaleSocket(this.#path);
    try {
      return native().listenUnix(this.#path);
    } catch (error) {
      throw failure("bind", this.#path, error);
    }
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.on("close", () => this.#clients.delete(client));
    try {
      for await (const bytes of client) {
        // A socket without an encoding yields buffers.
        for (const letter of (bytes as Buffer).toString("latin1"))
          client.write(await this.#obey(letter), "latin1");
      }
    } catch {
      // The client of the control socket has disconnected.
    }
  }
}
