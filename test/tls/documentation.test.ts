import { readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { environment, nbdkit } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/tls.md", import.meta.url)), "utf8");

describeWith(["certtool", "psktool", "openssl", "nbdinfo", "qemu-img"], "docs/tls.md", () => {
  it("has examples that work in their order", async () => {
    await using sandbox = new Sandbox();
    const examples = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, script]) => script);
    expect(examples.length).toBeGreaterThan(5);
    const PATH = [dirname(nbdkit), environment.PATH].join(delimiter);
    const { status, stdout, stderr } = await sandbox.sh(`set -e\n${examples.join("\n")}`, { env: { PATH } });
    expect({ status }, stderr).toEqual({ status: 0 });
    expect(stdout.match(/^1048576$/gm)).toHaveLength(5);
    expect(stdout.match(/^virtual size: 1 MiB/gm)).toHaveLength(2);
    expect(stdout).toMatch(/with TLS/);
    expect(stdout).toContain("2 pki\n");
  });
});
