import type { OptionForms } from "./getopt.ts";

/** The identifiers of all options. */
export type OptionId =
  | "busyPoll"
  | "ipv4Only"
  | "ipv6Only"
  | "debug"
  | "dumpConfig"
  | "dumpPlugin"
  | "exitWithParent"
  | "exportName"
  | "filter"
  | "foreground"
  | "group"
  | "help"
  | "ipAddress"
  | "keepalive"
  | "log"
  | "longOptions"
  | "maskHandshake"
  | "name"
  | "newPlugin"
  | "newstyle"
  | "noExtendedHeaders"
  | "noMetaContexts"
  | "noStructuredReplies"
  | "oldstyle"
  | "pidfile"
  | "port"
  | "printUri"
  | "readOnly"
  | "run"
  | "selinuxLabel"
  | "shortOptions"
  | "single"
  | "swap"
  | "threads"
  | "timeout"
  | "tls"
  | "tlsCertificates"
  | "tlsPriority"
  | "tlsPsk"
  | "tlsVerifyPeer"
  | "unix"
  | "user"
  | "verbose"
  | "version"
  | "vsock";

/** One option of the command line. The parser, --help, --long-options and --short-options use this table. */
export interface Option extends OptionForms {
  /** The identifier of the option; all aliases have the same. */
  readonly id: OptionId;
  readonly help: string;
  /**
   * The option is not in nbdkit(1). It has no abbreviations, so that the abbreviations of nbdkit's options
   * stay unique.
   */
  readonly ours?: true;
}

export const options: readonly Option[] = [
  { id: "ipv4Only", short: "4", long: ["ipv4-only"], help: "Listen on IPv4 only" },
  { id: "ipv6Only", short: "6", long: ["ipv6-only"], help: "Listen on IPv6 only" },
  {
    id: "busyPoll",
    long: ["busy-poll"],
    value: "DELAY",
    help: "Busy-wait this long for the next request (not in nbdkit)",
  },
  {
    id: "debug",
    short: "D",
    long: ["debug"],
    value: "NAME.FLAG=N",
    help: "Set a debug flag of a plugin or filter",
  },
  {
    id: "dumpConfig",
    long: ["dump-config"],
    help: "Print the build configuration and the installation paths",
  },
  { id: "dumpPlugin", long: ["dump-plugin"], help: "Print the properties of the plugin" },
  {
    id: "exitWithParent",
    long: ["exit-with-parent"],
    help: "Exit when the parent process exits; implies -f",
  },
  {
    id: "exportName",
    short: "e",
    long: ["exportname", "export", "export-name"],
    value: "EXPORTNAME",
    help: "Export name for the URI of --run and --print-uri",
  },
  { id: "filter", long: ["filter"], value: "FILTER", help: "Add a filter; the first is the outermost" },
  { id: "foreground", short: "f", long: ["foreground", "no-fork"], help: "Stay in the foreground" },
  {
    id: "group",
    short: "g",
    long: ["group"],
    value: "GROUP",
    help: "Change group before serving",
  },
  { id: "help", long: ["help"], help: "Print this help, or that of the plugin" },
  {
    id: "ipAddress",
    short: "i",
    long: ["ipaddr", "ip-addr"],
    value: "IPADDR",
    help: "Listen on this address",
  },
  { id: "keepalive", long: ["keepalive", "keep-alive"], help: "Use TCP keepalive" },
  {
    id: "log",
    long: ["log"],
    value: "default|stderr|syslog|null|/PATH",
    help: "Destination of error messages",
  },
  { id: "longOptions", long: ["long-options"], help: "List the long options" },
  {
    id: "maskHandshake",
    long: ["mask-handshake"],
    value: "MASK",
    help: "Mask handshake flags",
  },
  { id: "name", long: ["name"], value: "NAME", help: "Name of this instance, for its messages" },
  {
    id: "newPlugin",
    long: ["new-plugin"],
    value: "DIR",
    help: "Create a folder with a template plugin",
    ours: true,
  },
  { id: "newstyle", short: "n", long: ["newstyle", "new-style"], help: "Ignored: newstyle is the default" },
  {
    id: "noExtendedHeaders",
    long: ["no-eh", "no-extended-headers"],
    help: "Refuse extended headers (not in nbdkit)",
    ours: true,
  },
  {
    id: "noMetaContexts",
    long: ["no-mc", "no-meta-contexts"],
    help: "Refuse metadata contexts",
  },
  {
    id: "noStructuredReplies",
    long: ["no-sr", "no-structured-replies"],
    help: "Refuse structured replies",
  },
  {
    id: "oldstyle",
    short: "o",
    long: ["oldstyle", "old-style"],
    help: "Use the oldstyle protocol",
  },
  {
    id: "pidfile",
    short: "P",
    long: ["pidfile", "pid-file"],
    value: "PIDFILE",
    help: "Write the process id of the server here when clients can connect",
  },
  {
    id: "port",
    short: "p",
    long: ["port"],
    value: "PORT",
    help: "Listen on this TCP port or service, or vsock port",
  },
  {
    id: "printUri",
    long: ["print-uri", "print-url", "show-uri", "show-url"],
    help: "Print the URI of the server",
  },
  { id: "readOnly", short: "r", long: ["readonly", "read-only"], help: "Export read-only" },
  {
    id: "run",
    long: ["run"],
    value: "'COMMAND ARGS ...'",
    help: "Serve while this command runs; implies -f",
  },
  {
    id: "selinuxLabel",
    long: ["selinux-label"],
    value: "LABEL",
    help: "SELinux label of the socket",
  },
  { id: "shortOptions", long: ["short-options"], help: "List the short options" },
  {
    id: "single",
    short: "s",
    long: ["single", "stdin"],
    help: "Serve one client on standard input and output",
  },
  { id: "swap", long: ["swap"], help: "Lock all memory, to serve the swap space of this machine" },
  {
    id: "threads",
    short: "t",
    long: ["threads"],
    value: "THREADS",
    help: "Requests of one connection that run in parallel",
  },
  {
    id: "timeout",
    long: ["timeout", "time-out"],
    value: "TIMEOUT",
    help: "Time limit of the handshake",
  },
  { id: "tls", long: ["tls"], value: "off|on|require", help: "Whether clients may or must use TLS" },
  {
    id: "tlsCertificates",
    long: ["tls-certificates"],
    value: "DIR",
    help: "TLS certificates",
  },
  {
    id: "tlsPriority",
    long: ["tls-priority"],
    value: "PRIORITY",
    help: "TLS versions and algorithms, in GnuTLS syntax",
  },
  { id: "tlsPsk", long: ["tls-psk"], value: "PSKFILE", help: "TLS pre-shared keys" },
  {
    id: "tlsVerifyPeer",
    long: ["tls-verify-peer"],
    help: "Require a client certificate",
  },
  {
    id: "unix",
    short: "U",
    long: ["unix"],
    value: "SOCKET|-",
    help: "Listen on this Unix socket; - for a private one",
  },
  {
    id: "user",
    short: "u",
    long: ["user"],
    value: "USER",
    help: "Change user before serving",
  },
  { id: "verbose", short: "v", long: ["verbose"], help: "Print debugging messages" },
  {
    id: "version",
    short: "V",
    long: ["version"],
    help: "Print the version of nbdkit, or of the plugin and filters",
  },
  { id: "vsock", long: ["vsock"], help: "Listen on AF_VSOCK, with -p" },
];
