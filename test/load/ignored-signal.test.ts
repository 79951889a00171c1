import { expect, it } from "vitest";
import { family, startReady } from "../helpers/captive-command.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";

it.skipIf(process.platform !== "linux")(
  "a command that ignores SIGTERM is killed after 5 seconds when the server is killed (SIGKILL)",
  async () => {
    await using sandbox = new Sandbox();
    const child = await startReady(sandbox, `trap '' TERM; ${family}`);
    const status = ended(child);
    child.kill("SIGKILL");
    expect(await status).toBe(137);
    await sandbox.empty();
  },
);
