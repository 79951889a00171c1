// A running server on a Unix socket in the folder of the measurement.
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pskUser } from "./keys.js";
import { end, launch, track } from "./processes.js";
import { usageOf } from "./usage.js";

const startMsMax = 10_000;

export class RunningServer {
  server;
  uri;
  #pid;
  #socket;

  /** Starts a server. Clients can connect when the promise resolves. */
  static async start(server, order, folder) {
    const started = new RunningServer(server, order, folder);
    try {
      await started.#start(order);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  constructor(server, { psk }, folder) {
    this.server = server;
    this.#socket = join(folder, `${server.name}.sock`);
    const scheme = psk ? `nbds+unix://${pskUser}@` : "nbd+unix://";
    this.uri = `${scheme}/${server.exportName ?? ""}?socket=${this.#socket}`;
    if (psk) this.uri += `&tls-psk-file=${psk}`;
  }

  /** CPU time and peak memory so far: see usageOf. */
  usage() {
    return usageOf(this.#pid);
  }

  /** Resets the peak memory, so that it covers only what follows. */
  forgetPeak() {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, "5");
  }

  async stop() {
    if (this.#pid !== undefined) await end(this.#pid);
    rmSync(this.#socket, { force: true });
  }

  async #start(order) {
    const { pidfile, command } = this.server;
    if (pidfile) rmSync(pidfile, { force: true });
    const [program, ...args] = command({ ...order, socket: this.#socket });
    const { pid, ended } = launch(program, args);
    if (!pidfile) this.#pid = pid;
    let failure;
    ended.then(({ status, stderr }) => {
      if (!pidfile || status !== 0) failure = `ended (${status}) before it served: ${stderr.trim()}`;
    });
    for (let waitedMs = 0; ; waitedMs += 5) {
      if (failure) throw new Error(failure);
      if (waitedMs >= startMsMax) throw new Error(`accepts no clients after ${startMsMax} ms`);
      this.#pid ??= pidIn(pidfile);
      if (this.#pid && (await accepts(this.#socket))) return;
      await sleep(5);
    }
  }
}

function pidIn(pidfile) {
  const pid = existsSync(pidfile) ? Number(readFileSync(pidfile, "utf8")) : 0;
  if (pid === 0) return undefined;
  track(pid);
  return pid;
}

async function accepts(socket) {
  if (!existsSync(socket)) return false;
  const client = createConnection(socket);
  try {
    await once(client, "connect");
    return true;
  } catch (error) {
    if (error.code === "ECONNREFUSED") return false;
    throw error;
  } finally {
    client.destroy();
  }
}
