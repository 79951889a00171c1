// Writes one document with all tables, and the charts beside it.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { barChart, lineChart } from "./charts.js";
import { dataPathTables, ratio, startUpTable } from "./tables.js";

const groups = {
  memory: { title: "A disk in memory", chart: ratioChart },
  file: { title: "A file", chart: ratioChart },
  connections: { title: "The number of connections", chart: seriesChart },
  depth: { title: "The queue depth", chart: seriesChart },
  plugin: { title: "A plugin of a few lines, in JavaScript, Python and shell", chart: pluginChart },
  size: { title: "The size of the disk in bytes", chart: seriesChart },
};
const memoryNote =
  "qemu-nbd, nbd-server and the floor have no disk in memory: there they serve a file. The peaks of nbdkit and of " +
  "the floor contain the disk.";

/**
 * @typedef {object} Results
 * @property {import("./servers.js").Server[]} servers
 * @property {{ rounds: number, seconds: number, disks: string }} conditions
 * @property {import("./measure.js").Row[]} rows
 * @property {import("./start-up.js").StartUp} [startUp]
 * @property {string[]} failures
 */

/** @param {Results} results @returns the document */
export function writeReport(results, out) {
  const names = results.servers.map(({ name }) => name);
  const sections = [introduction(results)];
  const charts = new Map();
  for (const [group, { title, chart }] of Object.entries(groups)) {
    const rows = results.rows.filter(({ workload }) => workload.group === group);
    if (rows.length === 0) continue;
    charts.set(group, chart(title, rows, names));
    sections.push(`## ${title}`, `![${title}](${group}.svg)`, dataPathTables(rows, names));
    if (group === "memory") sections.push(memoryNote);
  }
  if (results.startUp) {
    charts.set("start-up", startUpChart(results.startUp, names));
    sections.push("## Start-up", "![Start-up](start-up.svg)", startUpTable(results.startUp, names));
  }
  if (results.failures.length > 0)
    sections.push("## Not measured", results.failures.map((each) => `- ${each}`).join("\n"));
  const document = `${sections.join("\n\n")}\n`;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "results.md"), document);
  for (const [name, chart] of charts) writeFileSync(join(out, `${name}.svg`), chart);
  return document;
}

function introduction({ servers, conditions: { rounds, seconds, disks } }) {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}, Node ${process.version}`;
  return [
    `# Measured on ${new Date().toISOString().slice(0, 10)}`,
    `${machine}; files in ${disks}. Medians of ${rounds} rounds of ${seconds} s, interleaved; a ratio is the ` +
      "median of the ratios within the rounds.",
    servers.map(({ name, version }) => `- ${name}: ${version}`).join("\n"),
  ].join("\n\n");
}

function ratioChart(title, rows, names) {
  const others = names.filter((name) => name !== "nbdkit");
  const bars = rows.map((row) => {
    const ratios = others.map((name) => [name, ratio(row, name, "nbdkit")]);
    const values = new Map(ratios.filter(([, value]) => value !== undefined));
    return { label: row.workload.label, values, goal: row.workload.goal };
  });
  return barChart(`${title}: rates as ratios to nbdkit; the marks are the goals of ours`, bars, others, 1);
}

function pluginChart(title, rows, names) {
  const others = names.filter((name) =>
    rows.some(({ results }) => results.has(name) && name !== "nbdkit-python"),
  );
  const bars = rows.map((row) => {
    const ratios = others.map((name) => [name, ratio(row, name, "nbdkit-python")]);
    return { label: row.workload.label, values: new Map(ratios.filter(([, value]) => value !== undefined)) };
  });
  return barChart(`${title}: rates as ratios to Python`, bars, others, 1);
}

function seriesChart(title, rows, names) {
  const linesOf = (value) =>
    new Map(
      names.map((name) => [
        name,
        rows.map(({ results }) => results.get(name)).map((each) => each && value(each)),
      ]),
    );
  const panels = [
    { title: "4k reads per second", lines: linesOf(({ rate }) => rate) },
    { title: "CPU time of the server for a read, µs", lines: linesOf(({ cpuUs }) => cpuUs) },
  ];
  return lineChart(
    title,
    rows.map(({ workload }) => workload.label),
    panels,
    names,
  );
}

function startUpChart({ rows, nodeMs }, names) {
  const bars = rows.map(({ label, results }) => ({ label, values: results }));
  return barChart("Start-up in milliseconds; the line is `node -e 0`", bars, names, nodeMs);
}
