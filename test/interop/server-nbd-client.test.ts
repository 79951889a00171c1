import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { nbdkit, run } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["nbd-client"], "nbd-client", () => {
  it("lists the exports over TCP", async () => {
    using folder = new Folder();
    for (const name of ["alpha", "beta"]) writeFileSync(folder.join(name), "x".repeat(512));
    const list = 'nbd-client -l 127.0.0.1 "$port"';
    const args = ["-i", "127.0.0.1", "-p", "0", "file", `dir=${folder.path}`, "--run", list];
    const { status, stdout } = await run(nbdkit, args);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "Negotiation: ..\nalpha\nbeta\n" });
  });
});
