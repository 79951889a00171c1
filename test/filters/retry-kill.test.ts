import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { nbdkit } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { serving } from "./serving.ts";

const upstream = fileURLToPath(new URL("upstream-plugin.mjs", import.meta.url));
const bytes = 8 * 1024 * 1024;

/** A slow server of the file "disk", which can be killed. */
class Upstream {
  readonly #sandbox: Sandbox;
  #child: ReturnType<Sandbox["start"]> | undefined;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  async start(): Promise<void> {
    this.#child = this.#sandbox.start(nbdkit, ["-f", "-U", "upstream", "-P", "upstream-pid", "file", "disk"]);
    await this.#sandbox.number("upstream-pid");
  }

  async kill(): Promise<void> {
    const gone = ended(this.#child!);
    this.#child!.kill("SIGKILL");
    await gone;
    for (const name of ["upstream", "upstream-pid"]) rmSync(this.#sandbox.folder.join(name));
  }
}

describeWith(["nbdcopy", "nbdsh"], "retry, over a server that is killed again and again:", () => {
  const filters = ["--filter=retry", upstream, "retry-delay=5ms", "retry-exponential=no", "retries=10000"];

  it.each([
    ["reads", 'nbdcopy --request-size=4096 "$uri" copy', "disk", "copy"],
    ["writes", 'nbdcopy --flush --request-size=4096 other "$uri"', "other", "disk"],
  ])(
    "nbdcopy %s all bytes while the upstream server is killed several times",
    async (_what, command, from, to) => {
      await using sandbox = new Sandbox();
      writeFileSync(sandbox.folder.join("disk"), randomBytes(bytes));
      writeFileSync(sandbox.folder.join("other"), randomBytes(bytes));
      const server = new Upstream(sandbox);
      await server.start();
      const args = [...filters, `socket=${sandbox.folder.join("upstream")}`, "--run", command];
      let finished = false;
      const outcome = sandbox.nbdkit(args).finally(() => {
        finished = true;
      });
      await until("the first request", () => finished || sandbox.read("begun") === "");
      for (let kills = 0; kills < 5 && !finished; kills++) {
        await server.kill();
        await server.start();
      }
      expect(await outcome).toEqual({ status: 0, stdout: "", stderr: "" });
      const read = (name: string): Buffer => readFileSync(sandbox.folder.join(name));
      expect(read(to).equals(read(from))).toBe(true);
    },
  );

  it("a client waits while the upstream server is down", async () => {
    await using sandbox = new Sandbox();
    writeFileSync(sandbox.folder.join("disk"), "x".repeat(512));
    const server = new Upstream(sandbox);
    const { child, outcome, socket } = await serving(sandbox, [
      "-v",
      ...filters,
      `socket=${sandbox.folder.join("upstream")}`,
    ]);
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    const client = sandbox.start("nbdsh", [
      ...["-u", `nbd+unix:///?socket=${socket}`],
      ...["-c", 'open("connected", "w").close()', "-c", "print(h.pread(3, 0))"],
    ]);
    const status = ended(client);
    let answer = "";
    client.stdout!.on("data", (chunk: Buffer) => {
      answer += chunk;
    });
    await until("a retry", () => said.includes("retry 2: waiting 0.005 seconds"));
    expect(said).toContain("open failed: no server listens");
    await server.start();
    expect(await status).toBe(0);
    expect(answer).toContain("xxx");
    child.kill("SIGTERM");
    expect((await outcome).status).toBe(0);
  });
});
