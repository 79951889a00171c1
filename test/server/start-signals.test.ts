import { chmodSync } from "node:fs";
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { expectNothingLeft, sweptModes, sweptSignals } from "../helpers/signal-sweep.ts";

/** The delays of a start; test/load/start-signals.test.ts sweeps all of them. */
const startMs = 200;

describe
  .skipIf(process.platform !== "linux")
  .concurrent("a signal at any moment of the start (Linux)", () => {
    for (const [index, mode] of Object.keys(sweptModes).entries()) {
      it(`leaves no process and no file behind: ${mode}`, async () => {
        const random = new Random(index + 1);
        for (const signal of sweptSignals) await expectNothingLeft(mode, signal, random.below(startMs));
      });
    }
  });

/** A script that stays in one of its methods, with a child process, and ignores the signals of a terminal. */
const stayingScript = `#!/bin/sh
if [ "$1" = "$STAY" ]; then touch "$tmpdir/file"; echo 1 >"$AT"; sleep 1000; fi
case $1 in
  thread_model) echo parallel ;;
  config) ;;
  *) exit 2 ;;
esac
`;

describe
  .skipIf(process.platform !== "linux")
  .concurrent("a signal while a script keeps the start waiting (Linux)", () => {
    const signals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const;
    it.each(["load", "config", "config_complete", "thread_model", "get_ready"])(
      "ends nbdkit and the script as without Node, with the script's child processes and folder: %s",
      async (method) => {
        for (const [index, signal] of signals.entries()) {
          await using sandbox = new Sandbox();
          const script = sandbox.file("script", stayingScript);
          chmodSync(script, 0o755);
          const where = index % 2 === 0 ? ["-f"] : [];
          const child = sandbox.start(nbdkit, [...where, "-U", "socket", "sh", script, "key=value"], {
            stdio: "ignore",
            env: { STAY: method, AT: sandbox.folder.join("at") },
          });
          await sandbox.number("at");
          const outcome = outcomeOf(child);
          child.kill(signal);
          expect((await outcome).status).toBe(128 + constants.signals[signal]);
          await sandbox.empty();
        }
      },
    );
  });
