// Writes the results as Markdown tables.
import { medianRatio } from "./statistics.js";

const goalKeys = { nbdkit: "goal", "other-nbdkit": "goal", floor: "floorGoal" };

/**
 * Four tables with the same rows: ratios and goals, rates, CPU time, and memory.
 *
 * @param {import("./measure.js").Row[]} rows
 * @param {string[]} names of the servers, in the order of the columns
 */
export function dataPathTables(rows, names) {
  const measured = names.filter((name) => rows.some(({ results }) => results.has(name)));
  return [
    ratioTable(rows, measured),
    "Requests of 4k per second; MiB/s in other rows:",
    serverTable(rows, measured, (result, workload) => rateText(result.rate, workload)),
    "CPU time of the server, µs for each request:",
    serverTable(rows, measured, ({ cpuUs }) => cpuUs.toFixed(1)),
    "Peak memory of the server, KiB:",
    serverTable(rows, measured, ({ peakKib }) => String(peakKib)),
  ].join("\n\n");
}

/** @param {import("./start-up.js").StartUp} startUp */
export function startUpTable({ rows, nodeMs }, names) {
  const lines = rows.map(({ label, results }) => [
    label,
    ...names.map((name) => results.get(name)?.toFixed(1) ?? "-"),
  ]);
  return `Milliseconds; \`node -e 0\` takes ${nodeMs.toFixed(1)}.\n\n${markdown(["", ...names], lines)}`;
}

/** The ratio of the rates of two servers. Undefined unless both were measured. */
export function ratio({ results }, name, reference) {
  const [ours, theirs] = [results.get(name), results.get(reference)];
  return ours && theirs ? medianRatio(ours.rates, theirs.rates) : undefined;
}

function ratioTable(rows, names) {
  const columns = names
    .filter((name) => name !== "ours")
    .flatMap((name) => {
      const goalOf = ({ workload }) => workload[goalKeys[name]];
      const measured = (row) => ratioText(ratio(row, "ours", name), goalOf(row));
      const goal = { title: "goal", text: (row) => String(goalOf(row) ?? "") };
      return [{ title: `to ${name}`, text: measured }, ...(rows.some(goalOf) ? [goal] : [])];
    });
  const lines = rows.map((row) => [row.workload.label, ...columns.map(({ text }) => text(row))]);
  const table = markdown(["", ...columns.map(({ title }) => title)], lines);
  return `Rates of ours as ratios to others; bold where a goal is missed:\n\n${table}`;
}

function serverTable(rows, names, text) {
  const lines = rows.map(({ workload, results }) => [
    workload.label,
    ...names.map((name) => (results.has(name) ? text(results.get(name), workload) : "-")),
  ]);
  return markdown(["", ...names], lines);
}

function markdown(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, column) => (column === 0 ? "---" : "---:"));
  return [header, rule, ...rows].map(line).join("\n");
}

function ratioText(value, goal) {
  if (value === undefined) return "-";
  const text = value.toFixed(2);
  return Number(text) < (goal ?? 0) ? `**${text}**` : text;
}

function rateText(rate, { small, operationBytes }) {
  return small ? rate.toFixed(0) : ((rate * operationBytes) / 2 ** 20).toFixed(0);
}
