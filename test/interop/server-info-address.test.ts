import { expect, it } from "vitest";
import { captive, nbdkit, succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["nbdcopy"], "the info plugin serves the address of the client", () => {
  const showAddress = 'nbdcopy "$uri" - | cat';

  it("on a Unix socket, without its path", async () => {
    expect(await captive(["info", "address"], showAddress)).toBe("unix");
  });

  it.each([
    ["127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::1", /^\[::1\]:\d+$/],
  ])("at %s, with the port", async (address, expected) => {
    const args = ["-i", address, "-p", "0", "info", "mode=address", "--run", showAddress];
    expect(await succeed(nbdkit, args)).toMatch(expected);
  });
});
