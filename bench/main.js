// Measures the speed of our server and of other servers: see docs/performance.md.
//
//   npm run bench -- [--quick] [--rounds=N] [--seconds=S] [--only=REGEX] [--servers=ours,nbdkit,...]
//     [--disks=DIR] [--out=DIR]
//
// NBDKIT names another nbdkit to compare with. Prints tables, and writes tables and charts to the DIR of
// --out.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Disks } from "./disks.js";
import { makeKeys } from "./keys.js";
import { measure } from "./measure.js";
import { endAll } from "./processes.js";
import { writeReport } from "./report.js";
import { findServers, serverNames } from "./servers.js";
import { measureStartUp } from "./start-up.js";
import { ratio } from "./tables.js";
import { allWorkloads } from "./workloads.js";

const memoryFolder = "/dev/shm";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: "" },
    servers: { type: "string", default: serverNames.join(",") },
    disks: { type: "string", default: existsSync(memoryFolder) ? memoryFolder : tmpdir() },
    out: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 0.3 : 1));
const only = new RegExp(options.only);
const day = new Date().toISOString().slice(0, 10);
const out = options.out ?? fileURLToPath(new URL(`results/${day}`, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "nbd-bench-"));
const diskFolder = mkdtempSync(join(options.disks, "nbd-bench-"));
process.once("exit", cleanUp);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
process.exitCode = await main();

async function main() {
  const workloads = allWorkloads().filter(({ name }) => only.test(name));
  const withStartUp = only.test("start-up");
  if (workloads.length === 0 && !withStartUp) throw new Error(`--only: no workload matches ${only}`);
  const { servers, notes } = await findServers(options.servers.split(","), folder);
  for (const note of notes) console.error(note);
  const plan = { rounds, seconds, disks: new Disks(diskFolder), folder, psk: makeKeys(folder) };
  const rows = [];
  for (const workload of workloads) {
    const row = await measure(workload, servers, plan);
    rows.push(row);
    console.error(progress(row));
  }
  const startUp = withStartUp ? await measureStartUp(servers, plan) : undefined;
  const failures = [...rows, startUp ?? []].flatMap(({ failures = [] }) => failures);
  const conditions = { rounds, seconds, disks: options.disks };
  console.log(writeReport({ servers, conditions, rows, startUp, failures }, out));
  console.error(`written to ${out}`);
  return failures.length === 0 ? 0 : 1;
}

function progress(row) {
  const { workload, failures } = row;
  const measured = ratio(row, "ours", "nbdkit")?.toFixed(2) ?? "-";
  const goal = workload.goal === undefined ? "" : ` (goal ${workload.goal})`;
  return [`${workload.name}: ${measured} of nbdkit${goal}`, ...failures].join("\n");
}

function cleanUp() {
  endAll();
  rmSync(diskFolder, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
