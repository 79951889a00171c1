import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { nbd, nbdkit, succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith([...certificateTools, "nbdinfo"], "a captive command of a server with TLS", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const captive = (args: readonly string[], script: string): Promise<string> =>
    succeed(nbdkit, [...args, "memory", "1M", "--run", script]);
  const all =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell
    'printf "%s\\n" "tls=${tls-unset}" "certificates=$tls_certificates" "psk=$tls_psk" "${uri%%:*}"';

  it.each<[string, () => string[], () => string]>([
    ["off", () => ["--tls=off"], () => "tls=unset\ncertificates=\npsk=\nnbd+unix\n"],
    [
      "on",
      () => ["--tls=on", "--tls-certificates", keys.pki],
      () => `tls=1\ncertificates=${keys.pki}\npsk=\nnbd+unix\n`,
    ],
    [
      "required",
      () => ["--tls=require", "--tls-certificates", keys.pki],
      () => `tls=2\ncertificates=${keys.pki}\npsk=\nnbds+unix\n`,
    ],
    [
      "required, by TCP",
      () => ["-i127.0.0.1", "-p0", "--tls=require", "--tls-certificates", keys.pki],
      () => `tls=2\ncertificates=${keys.pki}\npsk=\nnbds\n`,
    ],
    [
      "required, with pre-shared keys",
      () => ["--tls=require", "--tls-psk", keys.psk],
      () => `tls=2\ncertificates=\npsk=${keys.psk}\nnbds+unix\n`,
    ],
  ])("gets variables that describe TLS: TLS is %s", async (_, args, expected) => {
    expect(await captive(args(), all)).toBe(expected());
  });

  it.each([
    ["a Unix socket", []],
    ["TCP", ["-i127.0.0.1", "-p0"]],
  ])("can pass $uri unchanged to nbdinfo and to our client, by %s", async (_, where) => {
    const args = [...where, "--tls=require", "--tls-certificates", keys.pki, "--tls-verify-peer"];
    expect(await captive(args, `nbdinfo --size "$uri" && "${nbd}" info --size "$uri"`)).toBe(
      "1048576\n1048576\n",
    );
  });

  it.each([
    "with spaces",
    `it's "quoted"`,
    "$HOME `id` $(id) \\ ;",
    "percent %41 & question? #hash + plus = equals",
    "ünïcödé 鍵",
  ])("finds the certificates in a directory with special characters: %s", async (name) => {
    const directory = join(keys.path, name);
    cpSync(keys.pki, directory, { recursive: true });
    const args = ["--tls=require", "--tls-certificates", directory];
    const script = `printf '%s\\n' "$tls_certificates"; nbdinfo --size "$uri" && "${nbd}" info --size "$uri"`;
    expect(await captive(args, script)).toBe(`${directory}\n1048576\n1048576\n`);
  });

  it("finds pre-shared keys in a file with special characters, for the user in the file", async () => {
    const file = join(keys.path, `it's 100% "bob's" & alice's?.psk`);
    cpSync(keys.psk, file);
    const script = `printf '%s\\n' "$tls_psk"
      asBob=$(printf '%s' "$uri" | sed 's,://,://bob@,')
      nbdinfo --size "$asBob" && "${nbd}" info --size "$asBob"`;
    expect(await captive(["--tls=require", "--tls-psk", file], script)).toBe(`${file}\n1048576\n1048576\n`);
  });

  it("has the export name in $uri too", async () => {
    const args = ["-e", "a b", "--tls=require", "--tls-certificates", keys.pki];
    expect(await captive(args, 'printf "%s" "$uri"')).toMatch(
      /^nbds\+unix:\/\/\/a%20b\?socket=[^&]*&tls-certificates=\/.*\/pki$/,
    );
  });
});
