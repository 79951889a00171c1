import type { OptionId } from "../option-table.ts";

/** The description of each option in nbdkit(1): paragraphs of plain text; *word* becomes bold. */
export const optionTexts: Readonly<Record<OptionId, string>> = {
  ipv4Only: `Listen on IPv4 addresses only. The last of -4 and -6 counts.`,
  ipv6Only: `Listen on IPv6 addresses only.`,
  busyPoll: `After a request, busy-wait this long for the next request before sleeping. This can halve the
latency for a client that sends one request after the other, and costs CPU time. Try *50us*, and measure. The
busy-wait is adaptive: each time in a row that no request arrives, the server busy-waits half as often, so
that clients that pause cost little. This option is not in nbdkit.`,
  debug: `Set the debug flag FLAG of the plugin or filter NAME, or of the server itself (*nbdkit*), to a
number. An unknown flag causes only a warning.

The flags of the server change what -v logs. *nbdkit.backend.controlpath=0* omits the calls of plugins and
filters that are no requests, and *nbdkit.backend.datapath=0* the requests. *nbdkit.environ=1* adds the
environment, including secrets. *nbdkit.tls.session=1* adds the properties of each TLS session, and
*nbdkit.tls.log=1* the trace of OpenSSL.`,
  dumpConfig: `Print the build configuration and the installation paths of this nbdkit, as key=value lines.`,
  dumpPlugin: `Print the properties of a plugin, as key=value lines.`,
  exitWithParent: `Exit when the parent process exits, for any reason. The exit of a single thread of the
parent process does not matter. Implies -f. This takes effect before anything else happens, and is renewed
after a change of user (-u, -g). To check whether this system supports the option: nbdkit --exit-with-parent
--version.`,
  exportName: `The export name in the URI of --run and --print-uri. It does not change what is served.`,
  filter: `Put a filter in front of the plugin. The first one is the outermost.`,
  foreground: `Do not go to the background.`,
  group: `Change to this group, by name or number, once the server listens. The server drops supplementary
groups. This needs root.`,
  help: `Print help about nbdkit, or about the given plugin and filters.`,
  ipAddress: `Listen on this address, or on all addresses of this host name, instead of all addresses.`,
  keepalive: `Use TCP keepalive, to detect clients that disappeared without closing the connection.`,
  log: `Destination of error messages. *default* is stderr, and the system log once nbdkit is in the
background. *null* discards the messages. An absolute path names a file: nbdkit appends to the file, and
reopens it after SIGHUP. Errors that prevent the start of nbdkit are always printed on stderr too. Debug
messages (-v) always go to stderr.`,
  longOptions: `List the long options, one on each line, for programs that look for an option.`,
  maskHandshake: `Offer only the handshake flags in this mask, for tests of clients.`,
  name: `A name for this instance, which is shown in its messages: *nbdkit[NAME]: error: ...* Plugins
and filters can read it.`,
  newPlugin: `Create a folder with a template plugin, its tests, and a package.json. Name the folder
*nbdkit-NAME-plugin*.`,
  newstyle: `Use the newstyle protocol, which is the default.`,
  noExtendedHeaders: `Refuse extended headers, for tests of clients; structured replies stay. The tests of
libnbd use the option to find out whether a server has extended headers. This option is not in nbdkit.`,
  noMetaContexts: `Refuse metadata contexts, for tests of clients.`,
  noStructuredReplies: `Refuse structured replies, for tests of clients.`,
  oldstyle: `Use the oldstyle protocol, which has no export names and no TLS.`,
  pidfile: `Write the process id of the server to this file when clients can connect. The server does not
remove the file at exit.`,
  port: `Listen on this TCP port or service name. With 0 the system chooses a port, which
--print-uri prints. With --vsock this is the number of a vsock port.`,
  printUri: `Print the URI of the server on stdout: unquoted, quoted for a shell, and in a command that
queries the server.`,
  readOnly: `Export read-only: clients cannot write.`,
  run: `Run this command through /bin/sh, and serve while the command runs. The exit status of nbdkit is the
exit status of the command. The shell gets these variables: uri, nbd, port, unixsocket, exportname, tls,
tls_certificates, tls_psk. Implies -f, and -U - unless another option sets the endpoint. The command keeps the
original user, also with -u.`,
  selinuxLabel: `Set the SELinux label of the socket that clients connect to. Fails on systems without
SELinux.`,
  shortOptions: `List the short options, one on each line, for programs that look for an option.`,
  single: `Serve one client on stdin and stdout, as inetd(8) requires. Implies -f.`,
  swap: `Lock all memory of the process, so that nbdkit can serve the swap space of its own machine. This
needs root or *ulimit -l unlimited*; with -u it needs *ulimit -l unlimited*.`,
  threads: `The number of requests of one connection that run in parallel.`,
  timeout: `Close connections that have not chosen an export after this time: *5*, *2.5s*,
*500ms*.`,
  tls: `off: clients cannot use TLS. on: clients may use TLS. require: clients must use TLS.`,
  tlsCertificates: `The directory with ca-cert.pem, server-cert.pem and server-key.pem.`,
  tlsPriority: `The TLS versions and algorithms, in GnuTLS syntax: *NORMAL:-VERS-TLS1.2*, *SECURE256*,
*NONE:+VERS-TLS1.2:+ECDHE-RSA:+AES-256-GCM:+AEAD*. Words that OpenSSL does not support are refused.`,
  tlsPsk: `The file with pre-shared keys, one *NAME:HEX* per line. It takes precedence over certificates.`,
  tlsVerifyPeer: `Refuse clients without a certificate that is signed by the CA in ca-cert.pem.`,
  unix: `Listen on this Unix socket. *-* creates a socket in a new directory that only this user can enter.
The server removes the socket at exit, and replaces a socket that a killed server left behind.`,
  user: `Change to this user, by name or number, once the server listens. The process cannot change back.
This needs root. The server drops supplementary groups; use -g to change the group.`,
  verbose: `Print debug messages on stderr. A server in the background then keeps stderr open.`,
  version: `Print the version of nbdkit, and of the given plugin and filters.`,
  vsock: `Listen on AF_VSOCK instead of TCP, for clients in virtual machines on this host, or on the host of
this virtual machine. -p sets the port, a number of 32 bits. Linux only.`,
};
