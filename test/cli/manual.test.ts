import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manuals } from "../../src/cli/manual/index.ts";
import { commands } from "../../src/cli/nbd/commands.ts";
import { helpOf } from "../../src/cli/nbd/help.ts";
import { options } from "../../src/cli/option-table.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { nbdkit, succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

const dist = join(packageRoot(), "dist");

describe("the generated manual pages and completions", () => {
  it.each(Object.entries(manuals()))("%s is in the package and up to date", (path, text) => {
    expect(readFileSync(join(dist, path), "utf8")).toBe(text);
  });

  it("are in the paths that package.json and --dump-config name", async () => {
    const { man, files } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
    const pages = Object.keys(manuals()).filter((path) => path.startsWith("man/"));
    expect(man.sort()).toEqual(pages.map((path) => `./dist/${path}`).sort());
    expect(files).toContain("dist");
    expect(await succeed(nbdkit, ["--dump-config"])).toContain(`mandir=${join(dist, "man")}\n`);
  });
});

/** Renders a page as plain text without line breaks. */
function shown(path: string): string {
  const { stdout, stderr } = spawnSync("groff", ["-ww", "-man", "-Tutf8", "-P-cbou", join(dist, path)], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.replaceAll("‐\n", "").replace(/\s+/g, " ");
}

describeWith(["groff"], "the manual page", () => {
  it("nbdkit(1) has every option with all its names", () => {
    const page = shown("man/man1/nbdkit.1");
    for (const { short, long, value } of options) {
      const forms = [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)].join(
        ", ",
      );
      expect(page).toContain(value === undefined ? `${forms} ` : `${forms} ${value} `);
    }
  });

  it("nbd(1) has the help of every command", () => {
    const page = shown("man/man1/nbd.1");
    for (const command of commands) expect(page).toContain(helpOf(command).trim().replace(/\s+/g, " "));
  });
});

/** Returns the completions that bash offers at the end of a command line. */
function offered(command: string, ...line: string[]): string[] {
  const script = `source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _${command}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["-c", script, "bash", join(dist, "completions", command), command, ...line];
  const { stdout, stderr } = spawnSync("bash", args, { encoding: "utf8", cwd: packageRoot() });
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

describeWith(["bash"], "the completion", () => {
  it("of nbdkit offers all long options", () => {
    const names = options.flatMap(({ long }) => long.map((name) => `--${name}`));
    expect(offered("nbdkit", "--")).toEqual(names);
    expect(offered("nbdkit", "memory", "--pri")).toEqual(["--print-uri", "--print-url"]);
  });

  it.each([
    [["mem"], "memory"],
    [["-f", "--filter=nof"], undefined],
    [["-f", "--filter", "=", "nof"], "nofilter"],
    [["--filter", "noe"], "noextents"],
    [["--log", "="], "syslog"],
    [["--log", "sy"], "syslog"],
    [["--tls", "=", "req"], "require"],
    [["-u", "roo"], "root"],
    [["--group", "daem"], "daemon"],
    [["-P", "READ"], "README.md"],
    [["file", "READ"], "README.md"],
  ])("of nbdkit %j offers %s", (line, expected) => {
    if (expected === undefined) expect(offered("nbdkit", ...line)).toEqual([""]);
    else expect(offered("nbdkit", ...line)).toContain(expected);
  });

  it.each([
    [["i"], "info"],
    [["copy", "--no"], "--no-extents"],
    [["info", "READ"], "README.md"],
  ])("of nbd %j offers %s", (line, expected) => expect(offered("nbd", ...line)).toContain(expected));
});
