// Measures how long commands take from start to end, and a server to its first reply. The rounds are
// interleaved.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { environment, run } from "./processes.js";
import { compile } from "./servers.js";
import { median } from "./statistics.js";

const commands = [["--version"], ["--dump-config"], ["-U", "-", "memory", "1", "--run", "true"]];
// Starts are short and vary, so they get more rounds.
const roundsFactor = 8;

/**
 * @typedef {object} StartUp
 * @property {{ label: string, results: Map<string, number> }[]} rows medians in ms, by the name of the server
 * @property {number} nodeMs the median of `node -e 0`
 * @property {string[]} failures
 */

/**
 * @param {import("./servers.js").Server[]} servers
 * @param {import("./measure.js").Plan} plan
 * @returns {Promise<StartUp>}
 */
export async function measureStartUp(servers, plan) {
  const nothing = { name: "node", labels: ["node -e 0"], work: () => [commandMs("node", ["-e", "0"])] };
  const failures = [];
  const firstReply = await firstReplyTasks(servers, plan).catch((error) => {
    failures.push(`start-up: first reply: ${error.message}`);
    return [];
  });
  const tasks = [nothing, ...commandTasks(servers), ...firstReply];
  const samples = new Map(tasks.map((task) => [task, []]));
  for (let round = 0; round < plan.rounds * roundsFactor; round++) {
    for (const [task, all] of samples) {
      try {
        all.push(await task.work());
      } catch (error) {
        failures.push(`start-up: ${task.labels[0]}: ${task.name}: ${error.message}`);
        samples.delete(task);
      }
    }
  }
  const [{ results }, ...rows] = rowsOf(samples);
  return { rows, nodeMs: results.get("node"), failures };
}

function commandTasks(servers) {
  const nbdkits = servers.filter(({ program }) => program);
  return commands.flatMap((args) =>
    nbdkits.map(({ name, program }) => {
      return { name, labels: [`nbdkit ${args.join(" ")}`], work: () => [commandMs(program, args)] };
    }),
  );
}

async function firstReplyTasks(servers, { disks, folder }) {
  const helper = await compile("first-reply", folder);
  const disk = { kind: "memory", content: "hole", sizeBytes: 2n ** 20n };
  const order = { ...disk, file: disks.served(disk) };
  return servers
    .filter(({ can }) => can.has("activation"))
    .map((server) => ({
      name: server.name,
      labels: ["first byte to a client that waits", "first read of that client"],
      async work() {
        const printed = await run(helper, [join(folder, "first-reply.sock"), ...server.command(order)]);
        return printed.split(" ").map((us) => Number(us) / 1000);
      },
    }));
}

function commandMs(program, args) {
  const startMs = performance.now();
  const { error, status } = spawnSync(program, args, { env: environment, stdio: "ignore" });
  const elapsedMs = performance.now() - startMs;
  if (error ?? status !== 0) throw error ?? new Error(`status ${status}`);
  return elapsedMs;
}

function rowsOf(samples) {
  const rows = new Map();
  for (const [{ name, labels }, all] of samples) {
    for (const [index, label] of labels.entries()) {
      if (!rows.has(label)) rows.set(label, { label, results: new Map() });
      rows.get(label).results.set(name, median(all.map((values) => values[index])));
    }
  }
  return [...rows.values()];
}
