import { NbdError } from "../../core/errors.ts";
import { native } from "../../native/load.ts";
import type { Event } from "./event.ts";

/**
 * exit-when-pipe-closed: all write ends of the pipe are closed. Data in the pipe is not read.
 * @throws NbdError EBADF when the descriptor is not open
 */
export function pipeClosed(fd: number): Event {
  try {
    native().isHungUp(fd);
  } catch (error) {
    throw new NbdError(
      "EBADF",
      `exit-when-pipe-closed: invalid file descriptor ${fd}: nbdkit has to inherit the read end of a pipe under this number`,
      { cause: error, retold: true },
    );
  }
  return {
    description: "exit-when-pipe-closed: detected pipe closed",
    happened: () => native().isHungUp(fd),
  };
}
