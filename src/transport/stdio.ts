import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { StreamTransport } from "./stream.ts";
import type { Transport } from "./transport.ts";

/** One client on standard input and output: a socket on both (inetd), or a pair of pipes. */
export function stdioTransport(): Transport {
  const { stdin, stdout } = process;
  // A socket that is both is used as one: closing the half that Node calls stdin would not tell the peer anything.
  if (fstatSync(0).isSocket() && fstatSync(0).ino === fstatSync(1).ino) {
    const both = new Socket({ fd: 0, readable: true, writable: true, allowHalfOpen: true });
    return new StreamTransport(both, both, { family: "stdio" }, 0);
  }
  return new StreamTransport(stdin, stdout, { family: "stdio" });
}
