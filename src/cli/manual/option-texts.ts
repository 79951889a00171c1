import type { OptionId } from "../options.ts";

/** What nbdkit(1) says about each option: paragraphs of plain text; *word* is set in bold. */
export const optionTexts: Readonly<Record<OptionId, string>> = {
  ipv4Only: `Listen on IPv4 addresses only. The last one of -4 and -6 counts.`,
  ipv6Only: `Listen on IPv6 addresses only.`,
  busyPoll: `After a request, look for the next one for so long before sleeping: replies to a client that
sends one request after the other can come twice as soon. Try *50us*, and measure. It is adaptive: each time
in a row that nothing comes meanwhile, it looks half as often, so that clients that pause cost little. At most 10ms; off by default. This is not in nbdkit.`,
  debug: `Set the debug flag FLAG of the plugin or filter NAME, or of the server itself (*nbdkit*), to a number. A flag
that nobody knows is worth a warning only.

The server has *nbdkit.backend.controlpath* (0 leaves the steps of plugins and filters out of the debug messages) and
*nbdkit.environ* (1 shows the environment, secrets and all).`,
  dumpConfig: `Print how this nbdkit was built and where its parts are, as key=value lines.`,
  dumpPlugin: `Print what a plugin says about itself, as key=value lines.`,
  exitWithParent: `End when the process that started nbdkit ends, however it does; a thread of it may end before. Implies -f. It is armed before anything
else happens, and again after a change of user (-u, -g). To ask whether it works on this system:
nbdkit --exit-with-parent --version.`,
  exportName: `The export that the URI of --run and --print-uri names. It does not change what is served.`,
  filter: `Put a filter in front of the plugin. The first one is the outermost.`,
  foreground: `Do not go to the background.`,
  group: `Change to this group, by name or number, once the server listens. Supplementary groups are given up. This needs
the rights of root.`,
  help: `Print help: about nbdkit, or about the plugin and the filters that are named.`,
  ipAddress: `Listen on this address, or on those of this host name, instead of all addresses.`,
  keepalive: `Use TCP keepalive, so that clients that vanish without a word are noticed.`,
  log: `Where errors go. *default* is stderr, and the system log once nbdkit has gone to the background. *null* throws
them away. A file is named by its absolute path; it is appended to, and opened anew after SIGHUP. What keeps nbdkit
from starting is always told on stderr as well. Debug messages (-v) always go to stderr.`,
  longOptions: `List the long options.`,
  maskHandshake: `Offer only those flags of the handshake that are in this mask, for tests of clients.`,
  name: `A name for this instance, which its messages show: *nbdkit[NAME]: error: ...*`,
  newPlugin: `Make a folder with a plugin to begin with: the plugin itself, its tests, and a package.json. The folder should be
called *nbdkit-NAME-plugin*.`,
  newstyle: `The newstyle protocol, which is the default.`,
  noMetaContexts: `Refuse metadata contexts, for tests of clients.`,
  noStructuredReplies: `Refuse structured replies, for tests of clients.`,
  oldstyle: `Use the oldstyle protocol, which has no export names and no TLS.`,
  pidfile: `Write the process id of the server into this file when clients can connect. The file is not removed at the
end.`,
  port: `Listen on this TCP port (10809), which may also be the name of a service. With 0 the system chooses one, which
--print-uri tells. With --vsock it is a port of that kind, by number.`,
  printUri: `Print the URI of the server on stdout: as it is, quoted for a shell, and in a command that asks about it.`,
  readOnly: `Clients may only read.`,
  run: `Run this command through /bin/sh, and serve for as long as it runs. The status of nbdkit is that of the command.
The shell knows these variables: uri, nbd, port, unixsocket, exportname, tls, tls_certificates, tls_psk. Implies -f, and
-U - unless another place to listen is named. The command remains the user who started nbdkit, whatever -u says.`,
  selinuxLabel: `Give the socket that clients connect to this SELinux label. An error where there is no SELinux.`,
  shortOptions: `List the short options.`,
  single: `Serve one client on stdin and stdout, as inetd(8) wants it. Implies -f.`,
  swap: `Lock all memory of the process, so that it can serve the swap space of the machine that it runs on. This needs
root, or *ulimit -l unlimited*; together with -u it needs the latter.`,
  threads: `How many requests of one connection are worked on at once (16).`,
  timeout: `Close connections that have not chosen an export after this time (60s): *5*, *2.5s*, *500ms*. 0 is no limit.`,
  tls: `Whether clients may use TLS, must, or cannot. Default: they may, if there are certificates.`,
  tlsCertificates: `The directory with ca-cert.pem, server-cert.pem and server-key.pem.`,
  tlsPriority: `Which versions and algorithms of TLS to use, as GnuTLS names them: *NORMAL:-VERS-TLS1.2*,
*SECURE256*, *NONE:+VERS-TLS1.2:+ECDHE-RSA:+AES-256-GCM:+AEAD*. Words without a meaning in OpenSSL are refused.`,
  tlsPsk: `The file with pre-shared keys, a *NAME:HEX* on each line. It takes precedence over certificates.`,
  tlsVerifyPeer: `Refuse clients without a certificate of our authority.`,
  unix: `Listen on this Unix socket. *-* makes one in a new directory that only this user can enter. The socket is
removed at the end; one that a killed server left behind is replaced.`,
  user: `Change to this user, by name or number, once the server listens. There is no way back for the process. This
needs the rights of root. Supplementary groups are given up; give -g as well to change the group.`,
  verbose: `Print debug messages on stderr, which the server then keeps in the background.`,
  version: `Print the version: of nbdkit, and of the plugin and the filters that are named.`,
  vsock: `Listen on AF_VSOCK instead of TCP: for clients in virtual machines on this host, or on the host of this virtual
machine. -p names the port, of 32 bits. Linux only.`,
};
