import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { connect as connectClient } from "../../src/client/connect.ts";
import { Valve } from "../../src/filters/pause/valve.ts";
import pause from "../../src/filters/pause.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { run } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

const folder = new Folder();
let sockets = 0;
testPlugin("pause over memory", {
  plugin: overMemory(pause).plugin,
  filters: [pause],
  parameters: () => ({ size: "300K", "pause-control": folder.join(`sock-${++sockets}`) }),
  runs: 5,
});

/** Sends commands one after the other to a control socket, and returns the answers. */
class Control {
  readonly #socket;
  readonly #answers: AsyncIterator<Buffer>;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#answers = this.#socket[Symbol.asyncIterator]();
  }

  async ask(command: string): Promise<string> {
    this.#socket.write(command);
    return String((await this.#answers.next()).value);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

describe("pause", () => {
  it("pause holds requests from p to r, and answers p when all running requests have completed", async () => {
    using folder = new Folder();
    const held: (() => void)[] = [];
    const disk = new RecordingDisk({ read: () => new Promise((resolve) => held.push(resolve)) });
    const parameters = { "pause-control": folder.join("control") };
    await using session = await TestedChain.start({ plugin: disk.plugin, filters: [pause], parameters });
    const exported = await session.open();
    using control = new Control(folder.join("control"));
    const first = exported.read(Buffer.alloc(1), 0n);
    const paused = control.ask("p");
    // When no request passes any more, the command has arrived.
    let second: unknown;
    while (held.length === 1) {
      await new Promise(setImmediate);
      if (!session.debugLines.includes("pause: pausing, waiting for requests to complete")) continue;
      second = exported.write(Buffer.alloc(1), 0n, false);
      break;
    }
    expect(session.debugLines).not.toContain("pause: paused");
    held[0]!();
    await first;
    expect(await paused).toBe("P");
    expect(disk.calls).toEqual([]);
    expect(await control.ask("r")).toBe("R");
    await second;
    expect(disk.calls).toEqual(["write"]);
  });

  it("pause answers unknown commands with X and does not answer white space", async () => {
    using folder = new Folder();
    await using session = await TestedChain.start(
      overMemory(pause, { "pause-control": folder.join("control") }),
    );
    expect(session.chain.threadModel).toBe("parallel");
    using control = new Control(folder.join("control"));
    expect(await control.ask("\n \tq")).toBe("X");
    expect(await control.ask("r")).toBe("R");
    expect(await control.ask("p")).toBe("P");
    expect(await control.ask("p")).toBe("P");
    expect(await control.ask("\nr\n")).toBe("R");
  });

  it("pause works with clients that disconnect while they wait, and removes its socket", async () => {
    using folder = new Folder();
    const socket = folder.join("control");
    {
      await using server = await ServerProcess.start([
        "--filter=pause",
        "memory",
        "1M",
        `pause-control=${socket}`,
      ]);
      const [one, two] = [await connectClient(server.uri()), await connectClient(server.uri())];
      using control = new Control(socket);
      expect(await control.ask("p")).toBe("P");
      const answered = one.read(0n, 512);
      const lost = two.read(0n, 512).catch(() => "lost");
      two.destroy();
      expect(await lost).toBe("lost");
      expect(await control.ask("r")).toBe("R");
      expect((await answered).length).toBe(512);
      await one.close();
    }
    expect(existsSync(socket)).toBe(false);
  });

  it("pause fails at the start when it cannot listen", async () => {
    const starting = TestedChain.start(overMemory(pause, { "pause-control": "/nonexistent/control" }));
    await expect(starting).rejects.toThrow("bind: /nonexistent/control: ");
    await expect(TestedChain.start(overMemory(pause))).rejects.toThrow(
      "you must specify pause-control=<SOCKET>",
    );
  });

  it("pause refuses paths that are too long for a socket, which Node would truncate", async () => {
    using folder = new Folder();
    const long = folder.join("a".repeat(120));
    await expect(TestedChain.start(overMemory(pause, { "pause-control": long }))).rejects.toThrow(
      /^pause-control: path too long: length \d+ > max \d+ bytes: /,
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("pause replaces a stale socket and no other file", async () => {
    using folder = new Folder();
    const parameters = { "pause-control": folder.join("control") };
    writeFileSync(folder.join("control"), "precious");
    await expect(TestedChain.start(overMemory(pause, parameters))).rejects.toThrow("Address already in use");
    expect(readFileSync(folder.join("control"), "utf8")).toBe("precious");
    unlinkSync(folder.join("control"));
    const killed =
      "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))";
    await run(process.execPath, ["-e", killed, folder.join("control")]);
    expect(existsSync(folder.join("control"))).toBe(true);
    await using _ = await TestedChain.start(overMemory(pause, parameters));
    using control = new Control(folder.join("control"));
    expect(await control.ask("r")).toBe("R");
    // A socket on which another server listens is not replaced either.
    await expect(TestedChain.start(overMemory(pause, parameters))).rejects.toThrow("Address already in use");
    expect(await control.ask("r")).toBe("R");
  });
});

describe("a valve", () => {
  it("a waiting request is rejected when its signal aborts", async () => {
    const valve = new Valve();
    await valve.close();
    const gone = new AbortController();
    const waiting = valve.enter([gone.signal]);
    gone.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
  });

  it("a failed request counts as completed", async () => {
    const valve = new Valve();
    const failing = valve.pass(() => Promise.reject(new Error("no")));
    await Promise.all([valve.close(), expect(failing).rejects.toThrow("no")]);
    expect(() =>
      valve.pass(() => {
        throw new Error("no");
      }),
    ).toThrow("no");
    await valve.close();
  });
});
