import { native } from "../native/load.ts";
import { NativeSocket } from "./native-socket.ts";
import { StreamTransport } from "./stream.ts";
import type { Transport, TransportPeer } from "./transport.ts";
import { TransportStream } from "./transport-stream.ts";

/**
 * Connects to a server in a virtual machine, or on the host from inside one, by context id (vsock(7)).
 * @throws Error with `code`: ENOTSUP on systems without vsock, or the error of connect(2) (ECONNRESET when no
 * server listens on the port); the reason of the signal
 */
export async function connectVsock(cid: number, port: number, signal?: AbortSignal): Promise<Transport> {
  signal?.throwIfAborted();
  const fd = native().connectVsock(cid, port);
  try {
    await writable(fd, signal);
    native().connectOutcome(fd);
  } catch (error) {
    native().closeDescriptor(fd);
    throw error;
  }
  const peer: TransportPeer = { family: "vsock", address: String(cid), port };
  const stream = new TransportStream(new NativeSocket(fd, peer));
  return new StreamTransport(stream, stream, peer);
}

function writable(fd: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const watch = new (native().Watch)(fd, () => {
      settle();
      resolve();
    });
    const settle = (): void => {
      watch.close();
      signal?.removeEventListener("abort", abort);
    };
    const abort = (): void => {
      settle();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort);
    watch.want(false, true);
  });
}
