// Counts the processes that are left of `nbdkit --exit-with-parent ... &` when its parent is killed early in
// the server's life.
//
//   node bench/orphans.js [--rounds=20]       a table: the parent is killed D ms after it started the server
//   node bench/orphans.js --kill-rounds=1000  the parent is killed at a random time between 5 and 200 ms
//
// OURS names another bin/nbdkit, NBDKIT the C server to compare with (default: the one on PATH).
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const delaysMs = [0, 1, 2, 3, 5, 10];
// The parent reports on descriptor 3 just before it forks, and then stays alive like a script that continues
// its work.
const parentScript = 'echo >&3; "$@" & wait';
// A start under load takes longer than usual. A process that still runs after this time will not end by
// itself.
const graceMs = 1500;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "20" }, "kill-rounds": { type: "string" } },
});
const folder = mkdtempSync(join(tmpdir(), "orphans-"));
const fifo = openFifo(join(folder, "started"));
const reference = process.env.NBDKIT ?? onPath("nbdkit");
const allServers = findServers();

process.once("SIGINT", () => cleanUp(130)).once("SIGTERM", () => cleanUp(143));
if (options["kill-rounds"]) await killAtRandomMoments(Number(options["kill-rounds"]));
else await killAtEachDelay(Number(options.rounds));
await cleanUp(0);

function findServers() {
  const ours = process.env.OURS ?? fileURLToPath(new URL("../bin/nbdkit", import.meta.url));
  const found = [
    { name: "ours", command: [ours] },
    { name: "ours, plain node", command: ["node", join(dirname(ours), "../dist/bundle/nbdkit.cjs")] },
  ];
  if (reference) found.push({ name: firstLine(reference), command: [reference] });
  else console.error("orphans: no nbdkit on PATH to compare with");
  return found.map((server, index) => ({
    ...server,
    // Both are unique, so that each process that is left can be found and assigned to one server.
    marker: `orphans-${process.pid}-${index}-`,
    temporary: makeFolder(join(folder, String(index))),
  }));
}

async function killAtEachDelay(rounds) {
  const left = new Map(allServers.map((server) => [server, delaysMs.map(() => 0)]));
  for (let round = 0; round < rounds; round++) {
    for (const [column, delayMs] of delaysMs.entries()) {
      // Interleaved, so that other load on the machine affects all servers alike.
      for (const server of allServers) {
        startAndKillParent(server, delayMs);
        if (!(await survives(server))) continue;
        left.get(server)[column]++;
        await endAll(server);
      }
    }
  }
  console.log(`Servers left of ${rounds}, by the time from just before their start to the parent's death:\n`);
  console.log(`| server | ${delaysMs.map((delayMs) => `${delayMs} ms`).join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(delaysMs.length)}`);
  for (const [{ name }, counts] of left) console.log(`| ${name} | ${counts.join(" | ")} |`);
}

async function killAtRandomMoments(rounds) {
  // Without the launcher about every sixth round leaves a node process behind, which is too many for this
  // test.
  const servers = allServers.filter(({ command }) => command[0] !== "node");
  for (let round = 0; round < rounds; round++) {
    const delayMs = 5 + 195 * Math.random();
    for (const server of servers) {
      startAndKillParent(server, delayMs);
      // Lets the event loop reap the parent, and lets the server use the processor.
      await sleep(20);
    }
  }
  await sleep(graceMs);
  console.log(`Left after ${rounds} rounds, the parent killed from 5 to 200 ms after the start:\n`);
  console.log("| server | processes | killed after, ms | socket directories |");
  console.log("| --- | ---: | --- | ---: |");
  for (const server of servers) {
    const left = processesOf(server);
    const delays = left.map(({ delayMs }) => delayMs).join(" ");
    // The C server creates its directories in /tmp, where they cannot be told from other ones.
    const directories = server.command[0] === reference ? "?" : readdirSync(server.temporary).length;
    console.log(`| ${server.name} | ${left.length} | ${delays} | ${directories} |`);
  }
}

/** Returns when the parent is dead. Blocks the event loop meanwhile, so that the kill is on time. */
function startAndKillParent({ command, marker, temporary }, delayMs) {
  const [program, ...rest] = [
    ...command,
    "--exit-with-parent",
    "-f",
    "-U",
    "-",
    "-e",
    `${marker}${delayMs.toFixed(1)}`,
    "null",
  ];
  const parent = spawn("sh", ["-c", parentScript, "sh", program, ...rest], {
    stdio: ["ignore", "ignore", "ignore", fifo],
    env: { ...process.env, TMPDIR: temporary },
  });
  readSync(fifo, Buffer.alloc(1));
  waitExactly(delayMs);
  parent.kill("SIGKILL");
}

/** Sleeps for most of the delay, because busy-waiting would slow the start that is being measured. */
function waitExactly(ms) {
  const end = performance.now() + ms;
  if (ms > 0.2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms - 0.2);
  while (performance.now() < end);
}

async function survives(server) {
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += 50) {
    await sleep(50);
    if (processesOf(server).length === 0) return false;
  }
  return true;
}

function processesOf({ marker }) {
  const found = execFileSync("ps", ["-A", "-ww", "-o", "pid=", "-o", "args="], { encoding: "utf8" });
  return found
    .split("\n")
    .filter((line) => line.includes(marker))
    .map((line) => ({ pid: Number.parseInt(line, 10), delayMs: Number.parseFloat(line.split(marker)[1]) }));
}

/** Sends SIGTERM first, so that the servers remove their sockets. */
async function endAll(server) {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    const left = processesOf(server);
    for (const { pid } of left) kill(pid, signal);
    if (left.length > 0) await sleep(200);
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

async function cleanUp(status) {
  for (const server of allServers) await endAll(server);
  closeSync(fifo);
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}

function openFifo(path) {
  execFileSync("mkfifo", [path]);
  // Opened for reading and writing, because opening for one of them would wait for the other end.
  return openSync(path, "r+");
}

function makeFolder(path) {
  mkdirSync(path);
  return path;
}

function onPath(name) {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.map((each) => join(each, name)).find((path) => existsSync(path));
}

function firstLine(command) {
  return execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0];
}
