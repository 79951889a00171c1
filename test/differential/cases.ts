import { isPrivileged } from "../helpers/privileges.ts";
import type { Case } from "./case.ts";
import { optionCases } from "./option-cases.ts";

const captive = (...args: string[]): string[] => ["-U", "-", ...args, "--run", "true"];

function refused(words: readonly string[], ...lines: (readonly string[])[]): Case[] {
  return lines.map((args) => ({ args, words }));
}

function since(version: string, ...list: readonly Case[]): Case[] {
  return list.map((one) => ({ ...one, since: version }));
}

const options: readonly Case[] = [
  { args: captive("null") },
  { args: captive("null", "10M") },
  { args: captive("-f", "-r", "-n", "null") },
  { args: ["--read", "--new-s", "-fU-", "null", "--run=true"] },
  { args: ["--unix=-", "null", "--exportna", "x", "--ru", "exit 3"] },
  { args: captive("--threads=0x10", "null") },
  { args: captive("-t0", "null") },
  { args: captive("-t", " 5", "null") },
  { args: ["-U", "-", "--run", "true", "null", "--", "1M"] },
  ...refused(
    ["unrecognized option '--nothing"],
    ["--nothing"],
    captive("--nothing", "null"),
    captive("null", "--nothing=1"),
  ),
  ...refused(["invalid option -- 'Z'"], ["-Z"], ["-fZ", "null"]),
  ...refused(["invalid option -- '1'"], captive("memory", "-1")),
  ...refused(["option '--filter' requires an argument"], ["--filter"], ["null", "--filter"]),
  ...refused(["option requires an argument -- 'U'"], ["-U"], ["null", "-fU"]),
  ...refused(["option '--help' doesn't allow an argument"], ["--help=3"], ["--hel=3"]),
  ...refused(["option '--ver' is ambiguous", "'--verbose' '--version'"], ["--ver"]),
  ...refused(
    ["option '--d' is ambiguous", "'--debug'", "'--dump-config'", "'--dump-plugin'"],
    ["--d", "null"],
  ),
  ...refused(["no plugin"], [], ["-f"], ["--filter=nofilter"]),
  ...refused(["plugin"], ["--dump-plugin"]),
  ...refused(["threads: "], ["-t", "x", "null"], ["-t", "", "null"], ["-t", "1x", "null"]),
  ...refused(["threads: negative numbers are not allowed"], ["-t", "-1", "null"]),
  ...refused(["-1"], ["-p", "-1", "-f", "null"]),
  ...refused(["no-such-host.invalid"], ["-i", "no-such-host.invalid", "-p", "0", "-f", "null"]),
  ...refused(["-p", "-s"], ["-s", "-p", "1", "null"]),
  ...refused(["-U"], ["-p", "1", "-U", "x", "null"], ["-s", "-U", "x", "null"]),
  ...refused(["--run"], ["-s", "--run", "true", "null"]),
  ...refused(["could not decipher boolean (maybe)"], captive("--tls=maybe", "null")),
  { args: captive("--tls=off", "null") },
];

const debugFlags: readonly Case[] = [
  { args: captive("-D", "x.y=0", "null"), words: ["warning: debug flag -D x.y was not used"] },
  { args: captive("-Dx.y=0", "null"), words: ["warning: debug flag -D x.y was not used"] },
  { args: captive("--debug=x.y=0", "null"), words: ["warning: debug flag -D x.y was not used"] },
  { args: captive("-D x.y=0", "null"), words: ["warning: debug flag -D  x.y was not used"] },
  { args: captive("-D", "nbdkit.backend.datapath=0", "-D", "nbdkit.backend.controlpath=0", "null") },
  { args: captive("memory", "1M", "-D", "memory.dir=1") },
  ...refused(
    ["-D (Debug Flag) must have the format NAME.FLAG=N"],
    ["-D", "x", "null"],
    ["-D", "x.y", "null"],
    ["-D", "x=1", "null"],
    ["-D", ".y=1", "null"],
    ["-D", "x.=1", "null"],
    ["-D", "", "null"],
  ),
  ...refused(["number"], ["-D", "x.y=z", "null"]),
  ...refused(["-D"], ["-D", "x.y=", "null"]),
];

/**
 * Changes of user and group. They need root; nbdkit reports the missing permission only after the command has
 * started.
 */
const identities: readonly Case[] = [
  { args: ["-U", "-", "-u", "nobody", "null", "--run", "id -u; id -G"] },
  { args: ["-U", "-", "-g", "daemon", "null", "--run", "id -g; id -G"] },
  { args: ["-U", "-", "-u", "65534", "-g", "0xfffe", "null", "--run", 'nbdinfo --size "$uri"; exit 3'] },
];

/** Options of services. */
const services: readonly Case[] = [
  ...["stderr", "syslog", "null"].map((log) => ({ args: captive(`--log=${log}`, "null") })),
  ...refused(["--log must be"], ["--log=file", "-f", "null"], ["--log=", "-f", "null"]),
  { args: captive("--swap", "null") },
  ...(isPrivileged ? identities : []),
  ...refused(["user"], ["-f", "-U", "-", "-u", "no-such-user", "null"], ["-f", "-U", "-", "-u", "", "null"]),
  ...refused(["group"], ["-f", "-U", "-", "-g", "no-such-group", "null"]),
  { args: captive("--exit-with-parent", "null") },
  { args: ["-s", "null"] },
  { args: ["-s", "-o", "null", "1M"] },
  { args: ["-s", "-r", "--exit-with-parent", "null"] },
  { args: captive("-4", "-6", "-r", "-n", "-o", "null") },
  { args: captive("--mask-handshake=0", "null") },
  { args: captive("--mask-handshake=0x3", "--no-sr", "null") },
  ...refused(["mask-handshake"], ["--mask-handshake=x", "-f", "null"], ["--mask-handshake=-1", "-f", "null"]),
  ...["off", "no", "0"].map((tls) => ({ args: captive(`--tls=${tls}`, "--tls-verify-peer", "null") })),
  ...refused(
    ["require"],
    captive("--tls=require", "--tls-certificates=nothing", "null"),
    captive("--tls=REQUIRED", "null"),
    captive("--tls=force", "null"),
  ),
  ...refused(["-o"], captive("-o", "--tls=require", "null")),
  ...refused(["nothing"], captive("--tls-psk=nothing", "null")),
  {
    args: captive("-D", "memory.nothing=1", "memory", "1M"),
    words: ["warning: -D memory.nothing: memory does not contain a"],
  },
  {
    args: captive("-D", "nbdkit.nothing=1", "null"),
    words: ["warning: -D nbdkit.nothing: nbdkit does not contain a"],
  },
  ...refused(["--run"], ["-s", "--run", "true", "-U", "-", "null"]),
];

const places: readonly Case[] = [
  { args: ["-U", "socket", "null", "--run", 'test -S socket && test "$unixsocket" = "$PWD/socket"'] },
  ...refused(["Address already in use"], ["-U", "disk", "-f", "null"], ["-U", "folder", "-f", "null"]),
  ...refused(["No such file or directory"], ["-U", "no/socket", "-f", "null"]),
  ...refused(["Not a directory"], ["-U", "disk/socket", "-f", "null"]),
  ...refused(
    ["path too long: length ", "> max 107 bytes"],
    ["-U", "x".repeat(120), "-f", "null"],
    ["-U", `/tmp/${"x".repeat(103)}`, "-f", "null"],
  ),
  { args: ["-P", "", "-U", "-", "-f", "null"] },
  ...refused(["empty"], ["-U", "", "-f", "null"]),
  { args: ["-U", "-", "-P", "pid", "null", "--run", "until test -s pid; do :; done; wc -l <pid; rm pid"] },
  ...refused(["no/pid"], ["-U", "-", "-f", "-P", "no/pid", "null"]),
];

const components: readonly Case[] = [
  ...refused(
    ["cannot open plugin", "nothing"],
    captive("nothing"),
    ["nothing", "--version"],
    ["nothing", "--help"],
    ["nothing", "--dump-plugin"],
  ),
  ...refused(["cannot open plugin", "./nothing"], captive("./nothing")),
  ...refused(["cannot open filter", "nothing"], captive("--filter=nothing", "null"), [
    "--filter=nothing",
    "null",
    "--version",
  ]),
  { args: captive("--filter=nofilter", "--filter=noextents", "memory", "1M") },
  { args: captive("memory", "--filter=nofilter", "1M", "--filter", "noextents") },
];

const parameters: readonly Case[] = [
  { args: captive("memory", "1M") },
  { args: captive("memory", "size=1M") },
  { args: captive("memory", "size=1M", "2M") },
  { args: captive("memory", "allocator=sparse", "1M") },
  { args: captive("memory", "1M", "allocator=malloc") },
  { args: captive("memory", "9223372036854775807") },
  { args: captive("memory", "7E") },
  { args: captive("memory", "1b") },
  ...refused(["you must specify size=<SIZE> on the command line"], captive("memory")),
  ...refused(
    ["could not parse size: unknown suffix", "Q"],
    captive("memory", "1Q"),
    captive("null", "size=1Q"),
  ),
  ...refused(["could not parse size: unknown suffix", ".5M"], captive("memory", "1.5M")),
  ...refused(["size cannot be negative", "-1"], captive("memory", "size=-1"), captive("null", "size=-1")),
  ...refused(["could not parse size string"], captive("memory", ""), captive("memory", "size=")),
  ...refused(["could not parse size string", "x"], captive("memory", "x"), captive("memory", "size=1M", "x")),
  ...refused(["could not parse size string", "=5"], captive("null", "=5")),
  ...refused(["99999999999E"], captive("memory", "99999999999E")),
  ...refused(["99999999999999999999"], captive("memory", "99999999999999999999")),
  ...refused(
    ["unknown parameter 'nothing'"],
    captive("memory", "1M", "nothing=1"),
    captive("null", "nothing=1"),
    captive("file", "disk", "nothing=1"),
  ),
  ...refused(['unknown allocator "x"'], captive("memory", "1M", "allocator=x")),
  { args: captive("file", "disk") },
  { args: captive("file", "file=disk") },
  { args: captive("file", "dir=folder") },
  { args: captive("file", "./folder/../disk", "fadvise=sequential", "cache=none") },
  ...refused(["[file=]<FILENAME>"], captive("file")),
  ...refused(
    ["realpath: nothing: No such file or directory"],
    captive("file", "nothing"),
    captive("file", "file=nothing"),
  ),
  ...refused(["nothing: No such file or directory"], captive("file", "dir=nothing")),
  ...refused(["cannot resolve a null or empty path"], captive("file", ""), captive("file", "file=")),
  ...refused(["use dir= to serve files within"], captive("file", "folder")),
  ...refused(["expecting a directory"], captive("file", "dir=disk")),
  ...since(
    "1.42",
    ...refused(
      ["file|dir|fd|dirfd parameter can only appear once on the command line"],
      captive("file", "disk", "dir=folder"),
      captive("file", "dir=folder", "disk"),
      captive("file", "disk", "disk"),
    ),
  ),
  ...refused(["file is not regular or block device"], captive("file", "/dev/null")),
  ...refused(["unknown fadvise mode: x"], captive("file", "disk", "fadvise=x")),
];

const commands: readonly Case[] = [
  ...["exit 0", "exit 7", "nothing-of-this-name", "kill -9 $$", "kill -TERM $$", "kill -HUP $$", ""].map(
    (command) => ({
      args: ["-U", "-", "null", "--run", command],
    }),
  ),
  {
    args: [
      "-U",
      "-",
      "null",
      "--run",
      'echo "$port|$exportname|$tls"; test "$nbd" = "$uri"; echo $?; test -S "$unixsocket"; echo $?',
    ],
  },
  ...[
    "a b",
    "it's",
    'a"b',
    "$HOME",
    "line\nbreak",
    "back\\slash",
    "100%",
    "é😀",
    "`id`",
    "~root",
    "a/b?c&d#e",
    "*",
  ].map((name) => ({
    args: ["-U", "-", "-e", name, "null", "--run", `printf '%s\\n' "$exportname" "\${uri%socket=*}"`],
  })),
  { args: ["-U", "-", "null", "--run", "cat; echo error >&2; exit 5"] },
];

export const cases: Readonly<Record<string, readonly Case[]>> = {
  options,
  "each option by each of its names": optionCases,
  "debug flags": debugFlags,
  services,
  places,
  "plugins and filters": components,
  parameters,
  "the command of --run": commands,
};
