// How long commands take from start to end, beside `node -e 0` and, where it is installed, nbdkit itself
// (NBDKIT= names another one). Interleaved in one run; prints medians and ratios as a Markdown table.
//
//   node bench/start-up.js [--rounds=40]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "40" } } });
const rounds = Number(values.rounds);
const ours = fileURLToPath(new URL("../bin/nbdkit", import.meta.url));
const theirs = process.env.NBDKIT ?? "nbdkit";

// It costs Node tens of milliseconds where it is set, and would hide what is measured.
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

const commands = [
  ["node -e 0", "node", ["-e", "0"]],
  ["nbdkit-node --version", ours, ["--version"]],
  ["nbdkit-node --dump-config", ours, ["--dump-config"]],
  ["nbdkit-node memory 1 --run true", ours, ["memory", "1", "--run", "true"]],
  ["nbdkit --version", theirs, ["--version"]],
  ["nbdkit --dump-config", theirs, ["--dump-config"]],
  ["nbdkit -U - memory 1 --run true", theirs, ["-U", "-", "memory", "1", "--run", "true"]],
];

const measured = commands.filter(([name, program, args]) => {
  const { error, status } = spawnSync(program, args, { env, stdio: "ignore" });
  if (error === undefined && status === 0) return true;
  console.error(`left out: ${name}: ${error?.message ?? `status ${status}`}`);
  return false;
});

const times = new Map(measured.map(([name]) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, program, args] of measured) times.get(name).push(runMs(program, args));
}

const floor = median(times.get("node -e 0"));
console.log(`${rounds} rounds, ms from start to end\n`);
console.log("| command | median | minimum | ratio to `node -e 0` |");
console.log("| --- | --- | --- | --- |");
for (const [name, all] of times) {
  const ratio = median(all) / floor;
  console.log(
    `| \`${name}\` | ${median(all).toFixed(1)} | ${Math.min(...all).toFixed(1)} | ${ratio.toFixed(2)} |`,
  );
}

function runMs(program, args) {
  const start = process.hrtime.bigint();
  spawnSync(program, args, { env, stdio: "ignore" });
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(all) {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
