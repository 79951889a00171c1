import { expect, it } from "vitest";
import { nbdkit, run, succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["nbdcopy", "cmp"], "--busy-poll", () => {
  it.each([
    ["one connection", "--connections=1"],
    ["several connections, on several worker threads", "--connections=4"],
  ])("serves the same data: %s", async (_, connections) => {
    const copy = `nbdcopy ${connections} "$uri" - | cmp - "${process.execPath}"; echo $?`;
    const args = ["--busy-poll=50us", "-r", "file", process.execPath, "--run", copy];
    expect(await succeed(nbdkit, args)).toBe("0\n");
  });

  it.each([
    ["1s", "--busy-poll=1s: at most 10ms, and 50us is a good choice"],
    ["soon", 'busy-poll: could not parse delay "soon": use a form such as 1.5, 2s, 120ms, 10us or 5ns'],
  ])("refuses %s", async (delay, reason) => {
    expect(await run(nbdkit, [`--busy-poll=${delay}`, "null", "--run", "true"])).toEqual({
      status: 1,
      stdout: "",
      stderr: `nbdkit: error: ${reason}\n`,
    });
  });
});
