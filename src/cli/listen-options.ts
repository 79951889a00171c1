import { NbdError } from "../core/errors.ts";
import { parseInteger } from "../core/values.ts";
import { tcpPort } from "../native/port.ts";
import { vsockPortRange } from "../server/ranges.ts";
import { defaultPort, type ListenOptions } from "../server/server-options.ts";
import { inheritedSockets } from "../server/socket-activation.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Returns the endpoint to listen on (nbdkit(1), and nbdkit-service(1), "Socket activation").
 * @throws NbdError with a message of one line for the user
 */
export function whereToListen(invocation: Invocation): ListenOptions {
  const sockets = inheritedSockets();
  if (sockets !== undefined) {
    const others = otherPlaces(invocation);
    if (others.length === 0) return { kind: "inherited", ...sockets };
    throw new NbdError(
      "EINVAL",
      `cannot use socket activation (LISTEN_FDS) with ${others.join(" and ")}: systemd has opened the sockets already`,
    );
  }
  if (invocation.single) return { kind: "stdio" };
  const label = invocation.selinuxLabel === undefined ? {} : { label: invocation.selinuxLabel };
  return { ...addressOf(invocation), ...label };
}

function addressOf({ unix, vsock, port, ipAddress, family, run }: Invocation): ListenOptions {
  if (vsock) return { kind: "vsock", port: vsockPort(port) };
  if (unix !== undefined) return unix === "-" ? { kind: "private" } : { kind: "unix", path: unix };
  const tcp = port !== undefined || ipAddress !== undefined || family !== undefined;
  // As in nbdkit since 1.36: with --run the default is a private Unix socket.
  if (run !== undefined && !tcp) return { kind: "private" };
  return {
    kind: "tcp",
    port: port === undefined ? defaultPort : tcpPort("-p", port),
    ...(ipAddress === undefined ? {} : { host: ipAddress }),
    ...(family === undefined ? {} : { family }),
  };
}

/** Parses a vsock port. Vsock ports have no service names. */
function vsockPort(text: string | undefined): number {
  return text === undefined ? defaultPort : parseInteger("-p", text, vsockPortRange.min, vsockPortRange.max);
}

function otherPlaces(invocation: Invocation): readonly string[] {
  return [
    invocation.ipAddress !== undefined && "-i",
    invocation.port !== undefined && "-p",
    invocation.run !== undefined && "--run",
    invocation.single && "-s",
    invocation.unix !== undefined && "-U",
    invocation.vsock && "--vsock",
  ].filter((option) => option !== false);
}
