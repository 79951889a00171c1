import { fullPath } from "../backend/path.ts";
import { NbdError } from "../core/errors.ts";
import { checkSocketPath } from "../core/socket-path.ts";
import { native } from "../native/load.ts";
import { type Listener, listenerOf, openSocket } from "./listener.ts";
import { PrivateDirectory } from "./private-directory.ts";
import { removeSocket, removeStaleSocket } from "./stale-socket.ts";

/**
 * Listens on a Unix socket, whose file is removed at the end.
 * @throws NbdError with one line that names the path
 */
export function listenUnix(name: string, label: string | undefined): Listener {
  if (name === "")
    throw new NbdError("EINVAL", "-U: the path is empty: name a socket, or use - for a private one");
  // Absolute, because the socket is removed at the end, when we may be in another directory.
  const path = fullPath(name);
  checkSocketPath("-U", path);
  removeStaleSocket(path);
  const socket = openSocket(path, label, () => native().listenUnix(path));
  const listener = listenerOf([socket], { kind: "unix", path });
  const close = (): void => {
    listener.close();
    removeSocket(path);
  };
  return { ...listener, close };
}

/** The same in a directory of its own that only this user can enter. */
export function listenPrivately(label: string | undefined): Listener {
  const directory = new PrivateDirectory();
  const remove = (): void => directory.remove();
  try {
    const listener = listenUnix(directory.socketPath, label);
    // Also when something ends the process without asking us first.
    process.once("exit", remove);
    const close = (): void => {
      listener.close();
      process.off("exit", remove);
      remove();
    };
    return { ...listener, close };
  } catch (error) {
    remove();
    throw error;
  }
}
