import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import type { Folder } from "./folder.ts";
import { launch, outcomeOf, succeed, unlessEnded } from "./run.ts";
import { ServerProcess } from "./server-process.ts";
import { toolPath } from "./tools.ts";
import { until } from "./until.ts";

/** Path of the original nbdkit, if the system has it. */
export const referenceNbdkit: string | undefined = ["/usr/bin/nbdkit", "/usr/local/bin/nbdkit"].find(
  existsSync,
);

export function startReference(...args: string[]): Promise<ServerProcess> {
  return ServerProcess.start(args, { program: referenceNbdkit! });
}

/** A server process that is stopped at the end of the scope. */
export interface Reference extends AsyncDisposable {
  readonly uri: string;
  readonly pid: number;
}

/** Starts qemu-nbd on a Unix socket. The server keeps running when clients disconnect. */
export async function startQemuNbd(
  folder: Folder,
  args: readonly string[],
  exportName = "",
): Promise<Reference> {
  const socket = folder.join("qemu.sock");
  // Wait for the pidfile: qemu-nbd writes it when it accepts clients, but creates the socket a little
  // earlier.
  const pidfile = folder.join("qemu.pid");
  const listening = ["--socket", socket, "--pid-file", pidfile];
  const options = ["--persistent", "--shared=8", "--export-name", exportName, ...listening];
  const server = start("qemu-nbd", [...options, ...args]);
  await server.whenReady(() => existsSync(pidfile));
  return { ...server, uri: `nbd+unix:///${exportName}?socket=${socket}` };
}

/**
 * Starts nbd-server on a free port. Each export is a section of its configuration. It always runs in the
 * background.
 */
export async function startNbdServer(
  folder: Folder,
  exports: Readonly<Record<string, string>>,
): Promise<Reference> {
  const port = await freePort();
  const sections = Object.entries(exports).map(
    ([name, file]) => `[${name}]\nexportname = ${file}\nflush = true`,
  );
  const [config, pidfile] = [folder.join("config"), folder.join("pid")];
  const general = `[generic]\nallowlist = true\nlistenaddr = 127.0.0.1\nport = ${port}`;
  writeFileSync(config, `${general}\n${sections.join("\n")}\n`);
  await succeed(toolPath("nbd-server")!, ["-C", config, "-p", pidfile]);
  await until(
    "the pidfile of nbd-server",
    () => existsSync(pidfile) && readFileSync(pidfile, "utf8").trim() !== "",
  );
  const pid = Number(readFileSync(pidfile, "utf8"));
  await until("a reply of nbd-server", () => answers(port));
  return {
    pid,
    uri: `nbd://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose](): Promise<void> {
      process.kill(pid, "SIGTERM");
      await until("the end of nbd-server", async () => !(await answers(port)));
    },
  };
}

function start(
  program: string,
  args: readonly string[],
): Omit<Reference, "uri"> & { whenReady(ready: () => boolean): Promise<void> } {
  const child = launch(toolPath(program)!, args);
  const outcome = outcomeOf(child);
  return {
    pid: child.pid!,
    whenReady: (ready) => unlessEnded(outcome, until(`the start of ${program}`, ready)),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGTERM");
      await outcome;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
