// Draws the results as SVG charts.
import { element, line, picture, short, text, ticks } from "./svg.js";

const [width, top] = [880, 70];
const [barLeft, barHeight, groupGap] = [270, 10, 12];
const chartHeight = 360;

/**
 * A bar chart with a group of bars for each row.
 *
 * @param {string} title
 * @param {{ label: string, values: Map<string, number>, goal?: number }[]} rows values by the name of the
 * server
 * @param {string[]} names of the servers
 * @param {number} reference the value at which a line crosses all groups
 */
export function barChart(title, rows, names, reference) {
  const shown = names.filter((name) => rows.some(({ values }) => values.has(name)));
  const all = rows.flatMap(({ values, goal = 0 }) => [goal, ...values.values()]);
  const scale = ticks(Math.max(reference, ...all));
  const x = (value) => barLeft + (value / scale.at(-1)) * (width - barLeft - 60);
  const groups = [];
  let y = top;
  for (const row of rows) {
    const present = shown.filter((name) => row.values.has(name));
    groups.push(drawGroup(row, present, x, y));
    y += present.length * barHeight + groupGap;
  }
  const grid = scale.map(
    (value) => line(x(value), top, x(value), y) + text(x(value), y + 16, short(value), "middle"),
  );
  const through = line(x(reference), top, x(reference), y, "reference");
  return picture(width, y + 30, title, shown, [...grid, through, ...groups]);
}

/**
 * A line chart with panels side by side. The points of all panels have the same labels.
 *
 * @param {string} title
 * @param {string[]} labels of the points
 * @param {{ title: string, lines: Map<string, (number | undefined)[]> }[]} panels values by the name of the
 * server
 * @param {string[]} names of the servers
 */
export function lineChart(title, labels, panels, names) {
  const panelWidth = width / panels.length;
  const parts = panels.map((panel, index) => drawPanel(panel, labels, index * panelWidth, panelWidth));
  const shown = names.filter((name) => panels[0].lines.get(name).some((value) => value !== undefined));
  return picture(width, chartHeight, title, shown, parts);
}

function drawGroup({ label, values, goal }, names, x, y) {
  const bars = names.map((name, index) => {
    const [value, at] = [values.get(name), y + index * barHeight];
    const place = { x: barLeft, y: at, width: x(value) - barLeft, height: barHeight - 1 };
    return (
      element("rect", { ...place, class: name }) + text(x(value) + 4, at + 8, short(value), "start", "small")
    );
  });
  const middle = y + (names.length * barHeight) / 2;
  const mark = goal === undefined ? "" : line(x(goal), y - 2, x(goal), y + barHeight, "mark");
  return [text(barLeft - 10, middle + 4, label, "end"), ...bars, mark].join("");
}

function drawPanel({ title, lines }, labels, start, panelWidth) {
  const [left, right, upper, lower] = [start + 60, start + panelWidth - 20, top + 30, chartHeight - 40];
  const values = [...lines.values()].flat().filter((value) => value !== undefined);
  const scale = ticks(Math.max(1, ...values));
  const x = (index) => left + (index / Math.max(1, labels.length - 1)) * (right - left);
  const y = (value) => lower - (value / scale.at(-1)) * (lower - upper);
  const grid = scale.map(
    (value) => line(left, y(value), right, y(value)) + text(left - 8, y(value) + 4, short(value), "end"),
  );
  const axis = labels.map((label, index) => text(x(index), lower + 20, label, "middle"));
  const drawn = [...lines].map(([name, each]) => drawLine(name, each, x, y));
  return [text(left, top + 14, title), ...grid, ...axis, ...drawn].join("\n");
}

function drawLine(name, values, x, y) {
  const points = values.flatMap((value, index) => (value === undefined ? [] : [[x(index), y(value)]]));
  const path = points.map((point) => point.map((each) => each.toFixed(1)).join(",")).join(" ");
  const dots = points.map(([cx, cy]) => element("circle", { cx, cy, r: 3, class: name }));
  return element("polyline", { points: path, class: `line ${name}` }) + dots.join("");
}
