import { defaultPort } from "../client/index.ts";
import { everyRequest } from "../contract/handle.ts";
import { boolean, descriptor, integer, list, path, text } from "../contract/parameter.ts";
import { definePlugin, type Host, type Plugin } from "../contract/plugin.ts";
import { ownVersion } from "../core/version.ts";
import { Remote } from "./nbd/remote.ts";
import { remoteHandle } from "./nbd/remote-handle.ts";
import { settingsOf } from "./nbd/settings.ts";
import { tlsMode } from "./nbd/tls-mode.ts";

/** Serves the exports of another NBD server, the remote server (nbdkit-nbd-plugin(1)). */
const nbd: Plugin = definePlugin({
  name: "nbd",
  longname: "nbdkit nbd plugin",
  description: "The exports of another NBD server",
  parameters: {
    uri: text({ placeholder: "URI", defaultText: "none", help: "NBD URI of the server" }),
    socket: path({ defaultText: "none", help: "Its Unix socket" }),
    hostname: text({ placeholder: "HOST", defaultText: "none", help: "Its TCP host" }),
    port: text({
      placeholder: "PORT",
      accepts: "a number, or the name of a service",
      defaultText: String(defaultPort),
      help: "Its port, with hostname= or vsock=",
    }),
    vsock: integer({
      placeholder: "CID",
      min: 0,
      max: 2 ** 32 - 1,
      defaultText: "none",
      help: "The number (CID) of its virtual machine",
      aliases: ["cid"],
    }),
    command: text({
      placeholder: "COMMAND",
      defaultText: "none",
      help: "A server to start, which must support systemd socket activation",
    }),
    arg: list((word) => word, {
      default: [],
      help: "An argument of command=",
    }),
    "socket-fd": descriptor({
      defaultText: "none",
      help: "An inherited socket that is connected to the server",
    }),
    export: text({
      placeholder: "NAME",
      default: "",
      help: "The export to open, instead of the default one",
    }),
    "dynamic-export": boolean({ default: false, help: "Open the export that the client asks for" }),
    retry: integer({
      min: 0,
      max: 2 ** 32 - 1,
      default: 0,
      help: "How often to retry a failed connection, one second apart",
    }),
    shared: boolean({
      default: false,
      help: "One connection for all clients; always so with command= and socket-fd=",
    }),
    tls: tlsMode,
    "tls-certificates": path({
      placeholder: "DIR",
      defaultText: "~/.pki/libnbd or ~/.config/pki/libnbd; for root /etc/pki/libnbd",
      help: "Directory of the certificates",
    }),
    "tls-verify": boolean({ defaultText: "yes", help: "Whether to verify the server's certificate" }),
    "tls-username": text({
      placeholder: "NAME",
      defaultText: "the name of the user",
      help: "The user name for pre-shared keys",
    }),
    "tls-psk": path({ defaultText: "none", help: "File with pre-shared keys" }),
  },
  magicKey: "uri",
  debugFlags: ["verbose"],
  provides: [...everyRequest, "close", "multiConn", "rotational", "blockSize", "description"],
  // Scripts check these lines of --dump-plugin for features.
  dumpPlugin: () => ({
    libnbd_version: ownVersion,
    libnbd_tls: "1",
    libnbd_uri: "1",
    libnbd_vsock: "1",
    libnbd_dynamic_list: "1",
  }),
  configComplete: (values, host: Host) => new Remote(settingsOf(values), host),
  afterFork: (remote) => remote.start(),
  defaultExport: (remote, { signal }) => remote.defaultExport(signal),
  listExports: (remote, { signal }) => remote.listExports(signal),
  async open(remote, { exportName, signal }) {
    const connection = await remote.open(exportName, signal);
    return { ...remoteHandle(connection.client), close: () => remote.release(connection) };
  },
  cleanup: (remote) => remote.close(),
});

export default nbd;
