import { NbdError } from "../core/errors.ts";

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstDescriptor = 3;

/**
 * The listening sockets that whoever started us passed in, or undefined when none were meant for this process.
 * The variables are taken out of the environment, as children are not meant to see them.
 */
export function inheritedDescriptors(): readonly number[] | undefined {
  const { LISTEN_FDS, LISTEN_PID } = process.env;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(process.pid)) return undefined;
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete process.env[name];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 1) {
    throw new NbdError("EINVAL", `LISTEN_FDS=${LISTEN_FDS} is not a number of sockets`);
  }
  return Array.from({ length: count }, (_, index) => firstDescriptor + index);
}
