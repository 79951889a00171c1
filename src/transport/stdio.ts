import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { native } from "../native/load.ts";
import { StreamTransport } from "./stream.ts";
import type { Transport, TransportPeer } from "./transport.ts";
import { unixPeer } from "./unix-peer.ts";

/** Makes a transport of standard input and output: one socket on both (inetd), or a pair of pipes. */
export function stdioTransport(): Transport {
  const { stdin, stdout } = process;
  if (!fstatSync(0).isSocket()) return new StreamTransport(stdin, stdout, { family: "stdio" });
  // When stdin and stdout are the same socket, use one stream: the peer does not notice when only stdin is
  // closed.
  if (fstatSync(0).ino === fstatSync(1).ino) {
    const both = new Socket({ fd: 0, readable: true, writable: true, allowHalfOpen: true });
    return new StreamTransport(both, both, peerOf(both), 0);
  }
  return new StreamTransport(stdin, stdout, stdin instanceof Socket ? peerOf(stdin) : { family: "stdio" });
}

/** The peer, as for a client that was accepted from a listening socket. */
function peerOf({ remoteAddress: address, remotePort: port }: Socket): TransportPeer {
  if (address !== undefined && port !== undefined) return { family: "tcp", address, port };
  return native().localAddress(0).family === "unix" ? unixPeer(0) : { family: "stdio" };
}
