import { NbdError } from "../core/errors.ts";
import { checkNumber, checkWhole } from "../core/values.ts";
import {
  busyPollRange,
  debugFlagRange,
  descriptorRange,
  flagsMaskRange,
  tcpPortRange,
  threadsRange,
  timeoutRange,
  vsockPortRange,
} from "../server/ranges.ts";
import type { HandshakeOptions, ListenOptions } from "../server/server-options.ts";
import type { ServeOptions } from "./serve-options.ts";

/**
 * Checks numeric options against the ranges of the command line.
 * @throws NbdError EINVAL or ERANGE, with one line that names the option
 */
export function checkNumbers({ threads, busyPollUs, handshake, listen, debugFlags }: ServeOptions): void {
  if (threads !== undefined) checkWhole("threads", threads, threadsRange);
  if (busyPollUs !== undefined) checkWhole("busyPollUs", busyPollUs, busyPollRange);
  if (handshake !== undefined) checkHandshake(handshake);
  if (listen !== undefined) checkListen(listen);
  for (const [flag, value] of Object.entries(debugFlags ?? {}))
    checkWhole(`debugFlags["${flag}"]`, value, debugFlagRange);
}

function checkHandshake({ flagsMask, timeoutMs }: Partial<HandshakeOptions>): void {
  if (flagsMask !== undefined) checkWhole("handshake.flagsMask", flagsMask, flagsMaskRange);
  if (timeoutMs !== undefined) checkNumber("handshake.timeoutMs", timeoutMs, timeoutRange);
}

function checkListen(listen: ListenOptions): void {
  if (listen.kind === "tcp") {
    checkWhole("listen.port", listen.port, tcpPortRange);
    const { family } = listen;
    if (family === undefined || family === 4 || family === 6) return;
    throw new NbdError("EINVAL", `listen.family: ${String(family)} is no family of addresses: use 4 or 6`);
  }
  if (listen.kind === "vsock") checkWhole("listen.port", listen.port, vsockPortRange);
  if (listen.kind === "inherited") {
    if (listen.descriptors.length === 0)
      throw new NbdError("EINVAL", "listen.descriptors: the list is empty: name at least one socket");
    for (const fd of listen.descriptors) checkWhole("listen.descriptors", fd, descriptorRange);
  }
}
