import { lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { failure } from "../../backend/failure.ts";

/** A Unix socket that takes commands of one letter each, and answers them in order. */
export class ControlSocket {
  readonly #path: string;
  readonly #obey: (command: string) => Promise<string>;
  readonly #clients = new Set<Socket>();
  #server: Server | undefined;

  /** @param obey returns the answer */
  constructor(path: string, obey: (command: string) => Promise<string>) {
    this.#path = path;
    this.#obey = obey;
  }

  async listen(): Promise<void> {
    removeSocket(this.#path);
    const server = createServer((client) => void this.#serve(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(failure("bind", this.#path, error)));
      server.listen(this.#path, resolve);
    });
    this.#server = server;
  }

  close(): void {
    if (this.#server === undefined) return;
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.on("close", () => this.#clients.delete(client));
    try {
      for await (const bytes of client) {
        for (const letter of (bytes as Buffer).toString("latin1"))
          client.write(await this.#obey(letter), "latin1");
      }
    } catch {
      // Whoever asked has gone.
    }
  }
}

/** One that was left behind, as nobody asks to have two servers on the same path; and nothing else. */
function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // There is none, or `listen` will say why it is in the way.
  }
}
