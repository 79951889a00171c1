import { ownVersion } from "../../core/version.ts";
import { type Option, options } from "../options.ts";
import { optionTexts } from "./option-texts.ts";
import { heading, item, paragraphs, verbatim } from "./roff.ts";

const visible: readonly Option[] = options.filter(({ hidden }: Option) => hidden !== true);

/** nbdkit(1) as roff, from the table of options. */
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
    ...visible.map((option) => item(forms(option), optionTexts[option.id])),
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

function forms({ short, long, value }: Option): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)];
  return `${names.join(", ")}${value === undefined ? "" : ` ${value}`}`;
}

const description = `nbdkit serves block devices to NBD clients. What is served comes from a plugin; filters change it on
its way. This is nbdkit-node, an independent implementation for Node.js that takes the options of nbdkit 1.46.

Without -f, --run, -s or --exit-with-parent nbdkit goes to the background. It returns when clients can connect, so that
the next command may be one.

Options may stand after the plugin, too, and long ones may be shortened.`;

const parameters = `What follows the plugin's name configures it and the filters. A value without KEY= is for the key that
the plugin declares for that. *nbdkit PLUGIN --help* lists the keys.

@PATH stands for the lines of a file, one parameter on each. PATH must contain a slash, as in *@./list*. Empty lines and
lines that begin with # do not count. The file may name others; relative paths are relative to the file that names them.`;

const signals: readonly (readonly [name: string, what: string])[] = [
  [
    "SIGINT, SIGQUIT, SIGTERM",
    `The server ends in order: requests in flight are answered, the plugin cleans up, sockets and temporary directories
are removed. Connections, and a clean-up, that make no progress for 5 seconds are cut off. A second signal does so at once. With --run
the signal goes to the command first of all.`,
  ],
  ["SIGHUP", "With a log file (--log=/PATH): it is opened anew. Otherwise as SIGTERM."],
  ["SIGPIPE", "Ignored."],
];

const environment: readonly (readonly [name: string, what: string])[] = [
  ["LISTEN_FDS, LISTEN_PID", "Sockets to serve on, which systemd has opened (sd_listen_fds(3))."],
  ["NOTIFY_SOCKET, WATCHDOG_USEC", "Where systemd wants to hear how the server is (sd_notify(3))."],
  ["TMPDIR", "Where the directories of private sockets are made."],
];

const exitStatus = `0 when the server ended in order, 1 when it could not start or failed. With --run it is the status
of the command, or 128 and the number of the signal that killed it.`;
