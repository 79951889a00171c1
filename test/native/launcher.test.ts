import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { options } from "../../src/cli/option-table.ts";
import { hasLauncher, launcherPath } from "./package-copy.ts";
import { temporaryFolder } from "./temporary.ts";

const report =
  "console.log(JSON.stringify([process.pid, process.env.NBDKIT_LAUNCHED, process.argv.slice(2)]))";

function launch(parent: number, args: readonly string[]) {
  using folder = temporaryFolder();
  const script = join(folder.path, "script.cjs");
  writeFileSync(script, report);
  return spawnSync(launcherPath(), [String(parent), script, ...args], { encoding: "utf8" });
}

function armed(args: readonly string[]): boolean {
  const [, launched] = JSON.parse(launch(process.pid, args).stdout);
  expect(launched).toMatch(new RegExp(`^${process.pid}:[01]:1::\\d+$`));
  return launched.includes(":1:1:");
}

describe.runIf(hasLauncher)("the launcher", () => {
  it("becomes node with unchanged arguments", () => {
    const args = ["", "a b", "--exit-with-parent", "new\nline"];
    const { pid, stdout } = launch(process.pid, args);
    expect(JSON.parse(stdout)).toEqual([pid, expect.stringContaining(`${process.pid}:1:1:`), args]);
  });

  it("reports its inherited descriptors, but not those that it closes", () => {
    using folder = temporaryFolder();
    const script = join(folder.path, "script.cjs");
    writeFileSync(script, report);
    const shell = '"$1" $$ "$2" 5</dev/null 9</dev/null';
    const output = execFileSync("sh", ["-c", shell, "sh", launcherPath(), script], { encoding: "utf8" });
    expect(JSON.parse(output)[1]).toMatch(/^\d+:0:1:5,9,:\d+$/);
  });

  it("passes on argument bytes that are not UTF-8", () => {
    using folder = temporaryFolder();
    const fakeNode = join(folder.path, "node");
    writeFileSync(fakeNode, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    chmodSync(fakeNode, 0o755);
    const command = `PATH="$2:$PATH" "$1" $$ script.cjs "$(printf '\\377\\200')"`;
    const output = execFileSync("sh", ["-c", command, "sh", launcherPath(), folder.path]);
    expect(output).toEqual(Buffer.from("--inspect-port=[ff00::]:9229\nscript.cjs\n\xff\x80\n", "latin1"));
  });

  it.each([
    ["--exit-with-parent"],
    ["--exit-with"],
    ["--exi"],
    ["null", "size=1M", "--exit-with-parent"],
    ["--run=x", "--exit-with-parent"],
    ["-D--exit", "--exit"],
    ["-fv", "--exit"],
    ["-p10809", "--exit"],
    ["-U", "-", "--exit"],
    ["--filter", "cow", "--exit", "--"],
    ["-", "--exit"],
  ])("arms exit-with-parent for %s %s %s", (...args) => expect(armed(args)).toBe(true));

  it.each([
    [],
    ["--ex"],
    ["--export", "x"],
    ["--exportname=--exit"],
    ["--", "--exit-with-parent"],
    ["-exit"],
    ["--exit-without"],
    ["--run", "--exit-with-parent"],
    ["--exportn", "--exit-with-parent"],
    ["-e", "--exit-with-parent"],
    ["-fp", "--exit-with-parent"],
    ["-D"],
  ])("does not arm exit-with-parent for %s %s", (...args) => expect(armed(args)).toBe(false));

  it.each(
    options.flatMap(({ long, short, value }) =>
      [...long.map((name) => `--${name}`), ...(short === undefined ? [] : [`-${short}`])].map(
        (name) => [name, value === undefined] as const,
      ),
    ),
  )("knows whether %s takes a value", (name, takesNone) => {
    expect(armed([name, "--exit-with-parent"])).toBe(takesNone);
  });

  it("ends without starting node when the parent has changed", () => {
    const formerParent = process.ppid;
    const { status, stdout, stderr } = launch(formerParent, ["--exit-with-parent"]);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: "" });
    expect(launch(formerParent, []).status, "starts node without --exit-with-parent").toBe(0);
  });

  it("reports that node is missing", () => {
    const { status, stderr } = spawnSync(launcherPath(), ["1", "script.cjs"], {
      encoding: "utf8",
      env: { PATH: "/none such" },
    });
    expect(status).toBe(127);
    expect(stderr).toBe("nbdkit: cannot run node: No such file or directory\n");
  });
});
