import { rmSync } from "node:fs";
import { join } from "node:path";
import { fullPath } from "../contract/path.ts";
import { NbdError } from "../core/errors.ts";
import { checkSocketPath } from "../core/socket-path.ts";
import { native } from "../native/load.ts";
import { removeStaleSocket, SocketFile } from "../native/socket-file.ts";
import { TemporaryFolder } from "../native/temporary-folder.ts";
import type { Keeper } from "./keeper.ts";
import { type Listener, listenerOf, openSocket } from "./listener.ts";

/**
 * Listens on a Unix socket. Closing the listener removes the socket file, unless another file has replaced
 * it.
 * @throws NbdError with one line that names the path
 */
export function listenUnix(name: string, label: string | undefined): Listener {
  if (name === "")
    throw new NbdError("EINVAL", "-U: the path is empty: name a socket, or use - for a private one");
  // Make the path absolute: the working directory may have changed when the socket file is removed.
  const path = fullPath(name);
  checkSocketPath("-U", path);
  removeStaleSocket(path);
  const socket = openSocket(path, label, () => native().listenUnix(path));
  const file = new SocketFile(path);
  const listener = listenerOf([socket], { kind: "unix", path });
  let isOpen = true;
  const close = (): void => {
    if (isOpen) file.remove();
    isOpen = false;
    listener.close();
  };
  return { ...listener, close };
}

/**
 * Listens on a Unix socket in a new directory of mode 0700.
 * @param keeper removes the directory if this process is killed
 */
export async function listenPrivately(
  label: string | undefined,
  keeper: Keeper | undefined,
): Promise<Listener> {
  const folder = await privateFolder(keeper);
  try {
    const listener = listenUnix(join(folder.path, "socket"), label);
    const close = (): void => {
      listener.close();
      folder.remove();
    };
    return { ...listener, close };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/**
 * The keeper's directory, removed also after SIGKILL, or else a directory that is removed when this process
 * exits.
 */
async function privateFolder(keeper: Keeper | undefined): Promise<Pick<TemporaryFolder, "path" | "remove">> {
  const path = await keeper?.directory();
  if (path === undefined) return new TemporaryFolder();
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
