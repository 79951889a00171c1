import { Socket, type SocketConstructorOpts } from "node:net";
import { native } from "./load.ts";

/** A stream of Node's on a descriptor that the addon has made. From here on the stream closes it. */
export function streamOn(fd: number, options: SocketConstructorOpts): Socket {
  // Before the stream is there, so that no end of this thread closes the descriptor twice.
  native().handOver(fd);
  return new Socket({ ...options, fd });
}
