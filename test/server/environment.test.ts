import { describe, expect, it } from "vitest";
import { Scene } from "./scene.ts";

describe("the environment of --run", () => {
  it.each([[[]], [["--exit-with-parent"]]])("is the one we were given (%j)", async (options) => {
    await using scene = new Scene();
    const list = "env | grep -v -E '^(_|PWD|OLDPWD|SHLVL)=' | sort";
    const words = ["self", "root", "link", "guess", "script", "launcher", "system", "node", "path", "args"];
    const env = {
      NODE_EXTRA_CA_CERTS: "/no/such/file.pem",
      ODD: "a=b\nc",
      ...Object.fromEntries(words.map((word) => [word, "ours"])),
    };
    const given = await scene.sh(list, { env });
    const passed = await scene.nbdkit([...options, "null", "--run", list], { env });
    expect(passed).toEqual(given);
  });

  it("has no NODE_EXTRA_CA_CERTS when we were given none, and an empty one when we were given that", async () => {
    await using scene = new Scene();
    const show = ["null", "--run", "env | grep ^NODE_EXTRA_CA_CERTS= || echo unset"];
    expect((await scene.nbdkit(show)).stdout).toBe("unset\n");
    const env = { NODE_EXTRA_CA_CERTS: "" };
    expect((await scene.nbdkit(show, { env })).stdout).toBe("NODE_EXTRA_CA_CERTS=\n");
  });

  it("does not tell who started us", async () => {
    await using scene = new Scene();
    const env = { NBDKIT_LAUNCHED: "1:1:1:", NBDKIT_NODE_READY_FD: undefined };
    const script = "env | grep -i -E '^NBDKIT_(LAUNCHED|NODE_[RE])' | wc -l";
    const { stdout } = await scene.nbdkit(["null", "--run", script], { env });
    expect(stdout.trim()).toBe("0");
  });
});
