import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Folder } from "../helpers/folder.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

/**
 * Each case delays a read for longer than any test. A read that only waits for time is served when the server
 * stops.
 */
const waiting: readonly (readonly [args: string, outcome: string])[] = [
  ["--filter=delay memory 1M rdelay=1000", "answered"],
  ["--filter=rate memory 1M rate=1", "answered"],
  ["--filter=rate memory 1M connection-rate=1", "answered"],
  ["--filter=pause memory 1M pause-control=control", "ESHUTDOWN"],
  ["--filter=retry --filter=error memory 1M error-pread-rate=1 retry-delay=1000", "ESHUTDOWN"],
  [
    "--filter=retry-request --filter=error memory 1M error-pread-rate=1 retry-request-delay=1000",
    "ESHUTDOWN",
  ],
];

describe("a server that stops does not wait for delayed requests:", () => {
  it.each(waiting)("%s", async (args, outcome) => {
    using folder = new Folder();
    const [log, control] = [folder.join("log"), folder.join("control")];
    const under = args.replace("=control", `=${control}`).split(" ");
    await using server = await ServerProcess.start(["--filter=log", ...under, `logfile=${log}`]);
    if (existsSync(control)) await pause(control);
    const client = await connect(server.uri());
    const code = client.read(0n, 4096).then(
      () => "answered",
      (error) => error.code,
    );
    await until("the read", () => readFileSync(log, "utf8").includes(" Read id=1 "));
    const { stderr } = await server.stop();
    expect(await code).toBe(outcome);
    expect(stderr.includes("read: the server is stopping")).toBe(outcome === "ESHUTDOWN");
    expect(stderr).not.toContain("cut off");
  });
});

async function pause(control: string): Promise<void> {
  const socket = connectSocket(control);
  socket.write("p");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toBe("P");
  socket.destroy();
}
