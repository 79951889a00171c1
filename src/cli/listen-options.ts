import { NbdError } from "../core/errors.ts";
import { defaultPort } from "../server/listen.ts";
import type { ListenOptions } from "../server/options.ts";
import { inheritedDescriptors } from "../server/socket-activation.ts";
import type { Invocation } from "./invocation.ts";

/** Where clients come in (nbdkit(1), and nbdkit-service(1), "Socket activation"). */
export function whereToListen(invocation: Invocation): ListenOptions {
  const descriptors = inheritedDescriptors();
  if (descriptors !== undefined) {
    const others = otherPlaces(invocation);
    if (others.length === 0) return { kind: "inherited", descriptors };
    throw new NbdError(
      "EINVAL",
      `cannot use socket activation (LISTEN_FDS) with ${others.join(" and ")}: it says where clients come in`,
    );
  }
  if (invocation.single) return { kind: "stdio" };
  if (invocation.unix !== undefined) {
    return invocation.unix === "-" ? { kind: "private" } : { kind: "unix", path: invocation.unix };
  }
  const tcp =
    invocation.port !== undefined || invocation.ipAddress !== undefined || invocation.family !== undefined;
  // Since nbdkit 1.36 a captive server is private unless it is told otherwise.
  if (invocation.run !== undefined && !tcp) return { kind: "private" };
  return {
    kind: "tcp",
    port: invocation.port ?? defaultPort,
    ...(invocation.ipAddress === undefined ? {} : { host: invocation.ipAddress }),
    ...(invocation.family === undefined ? {} : { family: invocation.family }),
  };
}

function otherPlaces(invocation: Invocation): readonly string[] {
  return [
    invocation.ipAddress !== undefined && "-i",
    invocation.port !== undefined && "-p",
    invocation.run !== undefined && "--run",
    invocation.single && "-s",
    invocation.unix !== undefined && "-U",
  ].filter((option) => option !== false);
}
