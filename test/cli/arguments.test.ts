import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { longOptionsText, shortOptionsText } from "../../src/cli/dump.ts";
import { type OptionId, options } from "../../src/cli/option-table.ts";

/** The names of each option in nbdkit(1), version 1.48. */
const names: readonly string[] = [
  "help",
  "version",
  "dump-config",
  "dump-plugin",
  "ipv4-only",
  "ipv6-only",
  "debug",
  "exit-with-parent",
  "export",
  "export-name",
  "exportname",
  "filter",
  "foreground",
  "no-fork",
  "group",
  "user",
  "ip-addr",
  "ipaddr",
  "keepalive",
  "keep-alive",
  "log",
  "long-options",
  "mask-handshake",
  "name",
  "new-style",
  "newstyle",
  "no-eh",
  "no-extended-headers",
  "no-mc",
  "no-meta-contexts",
  "no-sr",
  "no-structured-replies",
  "old-style",
  "oldstyle",
  "pid-file",
  "pidfile",
  "port",
  "print-uri",
  "print-url",
  "show-uri",
  "show-url",
  "read-only",
  "readonly",
  "run",
  "selinux-label",
  "short-options",
  "single",
  "stdin",
  "swap",
  "threads",
  "timeout",
  "time-out",
  "tls",
  "tls-certificates",
  "tls-priority",
  "tls-psk",
  "tls-verify-peer",
  "unix",
  "verbose",
  "vsock",
];

/** A valid value for each option that has one. */
const values: Readonly<Partial<Record<OptionId, string>>> = {
  debug: "a.b=1",
  exportName: "e",
  filter: "f",
  ipAddress: "::1",
  group: "g",
  log: "/l",
  maskHandshake: "1",
  name: "n",
  pidfile: "p",
  port: "1",
  run: "true",
  selinuxLabel: "system_u:object_r:svirt_socket_t:s0",
  threads: "3",
  timeout: "5",
  busyPoll: "50us",
  tls: "require",
  tlsCertificates: "d",
  tlsPriority: "NORMAL",
  tlsPsk: "k",
  unix: "u",
  user: "u",
};

describe("the options", () => {
  it("have all long and short names of nbdkit 1.48", () => {
    const long = longOptionsText().trim().split("\n");
    expect(long).toEqual(expect.arrayContaining(names.map((name) => `--${name}`)));
    expect(long).toEqual([...long].sort());
    const short = shortOptionsText()
      .trim()
      .split("\n")
      .map((line) => line.slice(1));
    expect(short.sort().join("")).toBe([...("46D" + "efginoPprstuUvV")].sort().join(""));
  });

  it("have unique names", () => {
    const all = options.flatMap(({ short, long }) => [...long, ...(short === undefined ? [] : [short])]);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each(options.map((option) => [option.long[0]!, option] as const))(
    "--%s changes the parsed invocation",
    (name, option) => {
      const value = option.value === undefined ? [] : [values[option.id] ?? "no value in this test"];
      const before = option.id === "newstyle" ? ["--oldstyle"] : [];
      const without = parseArguments([...before, "null"]);
      expect(parseArguments([...before, `--${name}`, ...value, "null"])).not.toEqual(without);
      for (const alias of option.long.slice(1)) {
        expect(parseArguments([`--${alias}`, ...value])).toEqual(parseArguments([`--${name}`, ...value]));
      }
      if (option.short === undefined) return;
      expect(parseArguments([`-${option.short}`, ...value])).toEqual(parseArguments([`--${name}`, ...value]));
    },
  );
});

describe("parseArguments", () => {
  it("takes the first operand as plugin and the rest as parameters, with options at any position", () => {
    const { plugin, parameters, filters } = parseArguments([
      "--filter=a",
      "file",
      "disk",
      "--filter",
      "b",
      "x=1",
      "--",
      "-r",
      "",
    ]);
    expect({ plugin, parameters, filters }).toEqual({
      plugin: "file",
      parameters: ["disk", "x=1", "-r", ""],
      filters: ["a", "b"],
    });
  });

  it.each([
    [[], "serve"],
    [["--dump-plugin"], "dumpPlugin"],
    [["--dump-plugin", "-V"], "version"],
    [["-V", "--dump-plugin"], "version"],
    [["--help", "--version"], "help"],
    [["--version", "--help"], "help"],
    [["--help", "--dump-config"], "dumpConfig"],
    [["--dump-config", "--no-such-option"], "dumpConfig"],
    [["--long-options", "--no-such-option"], "longOptions"],
    [["--short-options", "-p", "x"], "shortOptions"],
  ])("%j selects the action %s", (args, action) => {
    expect(parseArguments([...args, "null"]).action).toBe(action);
  });

  it.each([["--exit-with-parent"], ["-f"], ["--run", "true"], ["-s"]])(
    "stays in the foreground with %s",
    (...args) => {
      expect(parseArguments([...args, "null"]).foreground).toBe(true);
      expect(parseArguments(["null"]).foreground).toBe(false);
    },
  );

  it("uses the last value of a repeated option", () => {
    const { port, threads, pidfile } = parseArguments(["-p1", "-p2", "-t3", "-t4", "-Pa", "-Pb"]);
    expect({ port, threads, pidfile }).toEqual({ port: "2", threads: 4, pidfile: "b" });
  });

  it.each([
    ["0", 16],
    ["1", 1],
    ["0x10", 16],
    ["010", 8],
    ["+5", 5],
    [" 7", 7],
  ])("reads -t %j as %i threads", (text, threads) => {
    expect(parseArguments(["-t", text]).threads).toBe(threads);
  });

  it.each(["", "x", "-1", "1x", "1.5", "0x", "08", "99999999999"])("refuses -t %j", (text) => {
    expect(() => parseArguments(["-t", text])).toThrow(/^threads: /);
  });

  it("collects debug flags and keeps leading spaces in their names", () => {
    const { debugFlags } = parseArguments([
      "-Da.b=1",
      "-D",
      "a.b.c=-2",
      "-D a.b=3",
      "-D",
      "a.b=4",
      "--debug=x.y=0x10",
    ]);
    expect([...debugFlags]).toEqual([
      ["a.b", 4],
      ["a.b.c", -2],
      [" a.b", 3],
      ["x.y", 16],
    ]);
  });

  it.each(["", "x", "x.y", "x=1", ".y=1", "x.=1", "=1", "x=y.z=1"])("refuses -D %j", (text) => {
    expect(() => parseArguments(["-D", text])).toThrow("NAME.FLAG=N");
  });

  it("uses the last of -4 and -6, as nbdkit does", () => {
    expect(parseArguments(["-4", "-6", "null"]).family).toBe(6);
    expect(parseArguments(["-6", "-4", "null"]).family).toBe(4);
  });

  it.each([
    [["-s", "-p1"], "-p and -s"],
    [["-s", "-Ux"], "-U and -s"],
    [["-p1", "-Ux"], "-p and -U"],
    [["-s", "--run=x"], "-s and --run"],
    [["-s", "--dump-plugin"], "-s and --dump-plugin"],
  ])("refuses the combination %j", (args, message) => {
    expect(() => parseArguments([...args, "null"])).toThrow(`${message} cannot be used together`);
  });
});
