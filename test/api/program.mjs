// A program with a server that ends as its first argument says. Prints "ready" first.
import { once } from "node:events";
import { connect, serve } from "nbdkit-node";

const [, , ending, signal] = process.argv;

const endings = {
  /** Ends by a signal without a handler. */
  async signal() {
    await busyServer();
    process.kill(process.pid, signal);
  },
  /** Handles a signal once, then raises it again without a handler. */
  async handledOnce() {
    await busyServer();
    process.once(signal, () => process.kill(process.pid, signal));
    process.kill(process.pid, signal);
  },
  /** Continues after a signal. */
  async handled() {
    const { uri } = await busyServer();
    const handled = once(process, signal);
    process.on(signal, () => {});
    process.kill(process.pid, signal);
    await handled;
    await (await connect(uri)).read(0n, 512);
    console.log("goes on");
    process.exit(0);
  },
  async exit() {
    await busyServer();
    process.exit(3);
  },
  async throw() {
    await busyServer();
    setImmediate(() => {
      throw new Error("on purpose");
    });
  },
  async reject() {
    await busyServer();
    void Promise.reject(new Error("on purpose"));
  },
  async elsewhere() {
    await busyServer();
    process.chdir("/");
    process.umask(0o777);
    process.exit(0);
  },
  /** Ends because the event loop is empty. */
  async closed() {
    const server = await busyServer();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  },
  async many() {
    const servers = [];
    for (let i = 0; i < 12; i++) servers.push(await busyServer());
    for (const server of servers) await server.close();
  },
  async manyWithOneSignal() {
    const { signal } = new AbortController();
    const servers = [];
    for (let i = 0; i < 12; i++) servers.push(await serve({ plugin: "null", signal }));
    for (const server of servers) await server.close();
  },
  async halfWay() {
    const taken = await serve({ plugin: "null", listen: { kind: "tcp", host: "127.0.0.1", port: 0 } });
    const listen = { kind: "tcp", host: "127.0.0.1", port: taken.address.port };
    const failure = await serve({ plugin: "memory", parameters: { size: "1M" }, listen }).catch(
      (error) => error,
    );
    console.log(failure.code);
    await taken.close();
  },
};

await endings[ending]();

async function busyServer() {
  const server = await serve({ plugin: "sh", parameters: { script: process.env.SCRIPT } });
  const client = await connect(server.uri);
  void keepBusy(client);
  await client.read(0n, 512);
  return server;
}

async function keepBusy(client) {
  // Wait until the connection has ended.
  for (;;) await client.read(0n, 4096).catch(() => new Promise(() => {}));
}
