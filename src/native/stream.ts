import { Socket, type SocketConstructorOpts } from "node:net";
import { native } from "./load.ts";

/** A Node stream on a descriptor that the addon has made. The stream owns the descriptor from here on. */
export function streamOn(fd: number, options: SocketConstructorOpts): Socket {
  // Hand over before the stream exists, so that the end of this thread does not close the descriptor twice.
  native().handOver(fd);
  return new Socket({ ...options, fd });
}
