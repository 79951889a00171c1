import { randomInt } from "node:crypto";
import { isPrivileged } from "../helpers/privileges.ts";
import type { Case } from "./case.ts";

const run = (...args: string[]): Case => ({ args });
const refused = (words: readonly string[], ...args: string[]): Case => ({ args, words });

const isReadOnly = 'nbdinfo --is read-only "$uri"';
const showVariables = 'echo "$exportname $port $tls"';
const vsockPort: string = String(randomInt(70_000, 2 ** 31));

const contexts = 'nbdinfo --json "$uri" | grep -c base:allocation';
const isStructured = 'nbdinfo --json "$uri" | grep structured';

/** Options that older versions of nbdkit do not have. */
const newer: readonly Case[] = [
  ...["--keepalive", "--keep-alive"].map((keepalive) => ({
    ...run(keepalive, "-p", "0", "null", "--run", "true"),
    since: "1.42",
  })),
  ...["--no-mc", "--no-meta-contexts"].map((option) => ({
    ...run("-U", "-", option, "memory", "1M", "--run", contexts),
    since: "1.38",
  })),
  { ...run("-U", "-", "--no-structured-replies", "null", "--run", isStructured), since: "1.42" },
  ...["--print-uri", "--print-url", "--show-uri", "--show-url"].map((option) => ({
    ...run("-U", "socket", option, "null", "--run", "true"),
    since: "1.40",
  })),
  ...["--timeout", "--time-out"].map((timeout) => ({
    ...run("-U", "-", timeout, "5", "null", "--run", 'nbdinfo --size "$uri"'),
    since: "1.42",
  })),
  { ...refused([], "--timeout=x", "-U", "-", "null", "--run", "true"), since: "1.42" },
  { ...run("-U", "-", "--log=default", "null", "--run", "true"), since: "1.44" },
  { ...run("-U", "-", "--log=/dev/null", "null", "--run", "true"), since: "1.44" },
  { ...run("-U", "-", "--name=a b", "null", "--run", 'nbdinfo --size "$uri"'), since: "1.46" },
  { ...run("-U", "-", "--tls=off", "--tls-priority=NORMAL", "null", "--run", "true"), since: "1.46" },
];

/** Each option of nbdkit with each of its names; the result shows the effect of the option where possible. */
export const optionCases: readonly Case[] = [
  ...newer,
  ...["-4", "--ipv4-only", "-6", "--ipv6-only"].map((family) =>
    run(family, "-p", "0", "null", "--run", "true"),
  ),
  ...["-i", "--ipaddr", "--ip-addr"].map((address) =>
    run(address, "127.0.0.1", "--port", "0", "null", "--run", "true"),
  ),
  ...["-e", "--export", "--exportname", "--export-name"].map((name) =>
    run("-U", "-", name, "a b", "null", "--run", showVariables),
  ),
  ...["-f", "--foreground", "--no-fork"].map((stay) => run(stay, "-U", "-", "null", "--run", "exit 4")),
  ...["-n", "--newstyle", "--new-style", "-o", "--oldstyle", "--old-style", "--no-sr"].map((style) =>
    run("-U", "-", style, "memory", "1M", "--run", 'nbdinfo --size "$uri"'),
  ),
  ...["-r", "--readonly", "--read-only"].map((readOnly) =>
    run("-U", "-", readOnly, "memory", "1M", "--run", isReadOnly),
  ),
  run("-U", "-", "memory", "1M", "--run", isReadOnly),
  ...["-P", "--pidfile", "--pid-file"].map((pidfile) =>
    run("-U", "-", pidfile, "pid", "null", "--run", "until test -s pid; do :; done; rm pid"),
  ),
  ...["-s", "--single", "--stdin"].map((single) => run(single, "null")),
  refused(["-s"], "-s", "sh", "-"),
  ...["-t", "--threads"].map((threads) => run("-U", "-", threads, "3", "null", "--run", "true")),
  ...["-D", "--debug"].map((debug) =>
    refused(["warning"], "-U", "-", debug, "x.y=1", "null", "--run", "true"),
  ),
  run("--exit-with-parent", "--swap", "--unix", "-", "--log=stderr", "null", "--run", "true"),
  run("-U", "-", "--filter=nofilter", "--mask-handshake=1", "null", "--run", 'nbdinfo --size "$uri"'),
  refused(["selinux-label"], "--selinux-label=x", "-U", "-", "-f", "null"),
  refused(["selinux-label"], "--selinux-label", "x", "-p", "0", "-f", "null"),
  run("--vsock", "-p", vsockPort, "null", "--run", 'echo "$uri" | sed s/:$port//'),
  run(
    "--vsock",
    "-p",
    vsockPort,
    "-e",
    "a b",
    "-i",
    "::1",
    "null",
    "--run",
    showVariables.replace("$port ", ""),
  ),
  refused(["--vsock", "-U"], "--vsock", "-U", "-", "-f", "null"),
  refused(["--vsock", "-s"], "--vsock", "-s", "null"),
  run("-U", "-", "--tls=off", "--tls-verify-peer", "--tls-psk=nothing", "null", "--run", showVariables),
  refused(["certificates"], "-U", "-", "--tls=require", "--tls-certificates=folder", "null", "--run", "true"),
  refused(["user"], "--user", "no-such-user", "-U", "-", "-f", "null"),
  refused(["group"], "--group", "no-such-group", "-U", "-", "-f", "null"),
  ...(isPrivileged
    ? [
        run("-U", "-", "--user", "nobody", "null", "--run", "id -u"),
        run("-U", "-", "--group", "daemon", "null", "--run", "id -g"),
      ]
    : []),
];
