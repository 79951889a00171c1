import { ownVersion } from "../../core/version.ts";
import { type Option, options } from "../option-table.ts";
import { factsText } from "./facts.ts";
import { optionFacts } from "./option-facts.ts";
import { optionTexts } from "./option-texts.ts";
import { heading, item, paragraphs, verbatim } from "./roff.ts";

/** Returns nbdkit(1) as roff, generated from the table of options. */
export function nbdkitPage(): string {
  const parts = [
    `.TH NBDKIT 1 "" "${ownVersion}" "User Commands"`,
    heading("NAME"),
    "nbdkit \\- network block device (NBD) server",
    heading("SYNOPSIS"),
    verbatim(`nbdkit [OPTIONS] PLUGIN [[KEY=]VALUE | @PATH]...
nbdkit [PLUGIN] --help | --version
nbdkit PLUGIN --dump-plugin
nbdkit --dump-config`),
    heading("DESCRIPTION"),
    paragraphs(description),
    heading("OPTIONS"),
    ...options.map((option) => item(forms(option), textOf(option))),
    heading("PARAMETERS"),
    paragraphs(parameters),
    heading("SIGNALS"),
    ...signals.map(([name, what]) => item(name, what)),
    heading("ENVIRONMENT"),
    ...environment.map(([name, what]) => item(name, what)),
    heading("EXIT STATUS"),
    paragraphs(exitStatus),
    heading("SEE ALSO"),
    paragraphs("nbd(1), sd_notify(3), systemd.socket(5), https://gitlab.com/nbdkit/nbdkit"),
  ];
  return `${parts.join("\n")}\n`;
}

function textOf({ id }: Option): string {
  const facts = factsText(optionFacts[id] ?? {}).replace(
    /^ \((.)(.*)\)$/,
    (_, first: string, rest: string) => `${first.toUpperCase()}${rest}.`,
  );
  return facts === "" ? optionTexts[id] : `${optionTexts[id]}\n\n${facts}`;
}

function forms({ short, long, value }: Option): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)];
  return `${names.join(", ")}${value === undefined ? "" : ` ${value}`}`;
}

const description = `nbdkit serves block devices to NBD clients. A plugin provides the data; filters modify
requests and replies between client and plugin. This is nbdkit-node, an independent implementation for Node.js
that accepts the options of nbdkit 1.48.

Without -f, --run, -s or --exit-with-parent nbdkit goes to the background. The command returns when clients
can connect, so that the next command in a script may connect.

Options may also follow the plugin. Long options may be abbreviated to a unique prefix.`;

const parameters = `The words after the plugin's name configure the plugin and the filters. A value without
KEY= belongs to the magic key of the plugin. *nbdkit PLUGIN --help* lists the keys.

@PATH is replaced by the lines of a file, one parameter per line. PATH must contain a slash, as in *@./list*.
Empty lines and lines that begin with # are skipped. The file may name other files; a relative path is
relative to the file that contains it.`;

const signals: readonly (readonly [name: string, what: string])[] = [
  [
    "SIGINT, SIGQUIT, SIGTERM",
    `The server shuts down in order: it completes the requests in flight, the plugin cleans up, and the
server removes its sockets and temporary directories. Connections and a clean-up that make no progress for 5
seconds are aborted. A second signal aborts them at once. With --run the server first sends the signal to the
command.`,
  ],
  ["SIGHUP", "With a log file (--log=/PATH): the server reopens the log file. Otherwise same as SIGTERM."],
  ["SIGPIPE", "Ignored."],
];

const environment: readonly (readonly [name: string, what: string])[] = [
  ["LISTEN_FDS, LISTEN_PID", "Sockets that systemd has opened and that the server uses (sd_listen_fds(3))."],
  ["NOTIFY_SOCKET, WATCHDOG_USEC", "The server reports its state to systemd (sd_notify(3))."],
  ["TMPDIR", "The server creates the directories of private sockets here."],
];

const exitStatus = `0 when the server shut down in order, 1 when the server could not start or failed. With
--run: the exit status of the command, or 128 plus the number of the signal that killed the command.`;
