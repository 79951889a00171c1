import { fstatSync } from "node:fs";
import { messageOf, NbdError } from "../core/errors.ts";
import { writeStderr } from "./stderr.ts";

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstDescriptor = 3;

/** nbdkit's limit; a larger number is an error of the parent process. */
const descriptorsMax = 16;

/** Listening sockets that the parent process passed. */
export interface InheritedSockets {
  readonly descriptors: readonly number[];
  /** In the order of the descriptors; may be shorter. */
  readonly names: readonly string[];
}

/**
 * The listening sockets that the parent process passed; undefined when it passed none to this process.
 * The variables are removed from the environment, so that child processes do not see them.
 * @throws NbdError when a passed descriptor is not a socket, or the count is out of range
 */
export function inheritedSockets(): InheritedSockets | undefined {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = "" } = process.env;
  if (LISTEN_FDS === undefined || LISTEN_PID === undefined) return undefined;
  if (LISTEN_PID !== String(process.pid)) {
    writeStderr("nbdkit: warning: LISTEN_PID was not for us (ignored)\n");
    return undefined;
  }
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete process.env[name];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 1 || count > descriptorsMax) {
    throw new NbdError(
      "EINVAL",
      `socket activation: LISTEN_FDS=${LISTEN_FDS} is out of range: use 1 to ${descriptorsMax} sockets`,
    );
  }
  const descriptors = Array.from({ length: count }, (_, index) => firstDescriptor + index);
  for (const fd of descriptors) checkSocket(fd);
  return { descriptors, names: LISTEN_FDNAMES.split(":") };
}

function checkSocket(fd: number): void {
  const fault = faultOf(fd);
  if (fault === undefined) return;
  throw new NbdError("EBADF", `socket activation: invalid file descriptor fd = ${fd}: ${fault}`);
}

function faultOf(fd: number): string | undefined {
  try {
    return fstatSync(fd).isSocket() ? undefined : "it is no socket";
  } catch (error) {
    return messageOf(error);
  }
}
