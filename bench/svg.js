// Parts that all charts share: elements, colours for light and dark mode, a legend, and ticks.

const colours = {
  ours: ["#1d4ed8", "#60a5fa"],
  nbdkit: ["#4b5563", "#9ca3af"],
  "other-nbdkit": ["#a16207", "#eab308"],
  "qemu-nbd": ["#c2410c", "#fb923c"],
  "nbd-server": ["#7e22ce", "#c084fc"],
  floor: ["#047857", "#34d399"],
};
const legendStep = 120;

/** An SVG element. Attributes that are undefined are left out. */
export function element(name, attributes, content = "") {
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = written.map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : value}"`);
  return content === "" ? `<${name}${text.join("")}/>` : `<${name}${text.join("")}>${content}</${name}>`;
}

export function text(x, y, content, anchor = "start", className = "text") {
  return element("text", { x, y, "text-anchor": anchor, class: className }, escaped(content));
}

export function line(x1, y1, x2, y2, className = "grid") {
  return element("line", { x1, y1, x2, y2, class: className });
}

/** A complete SVG image, readable in light and in dark mode. */
export function picture(width, height, title, names, parts) {
  const background = element("rect", { width, height, class: "page" });
  const all = [style(), background, text(16, 26, title, "start", "title"), legend(names), ...parts];
  const size = {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": escaped(title),
  };
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, `\n${all.join("\n")}\n`)}\n`;
}

/** Round values from 0 to the first one that is at least `largest`. */
export function ticks(largest) {
  const power = 10 ** Math.floor(Math.log10(largest));
  const step =
    [0.2, 0.5, 1, 2].map((factor) => factor * power).find((each) => largest / each <= 6) ?? 2 * power;
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, index) => index * step);
}

/** Formats a number for a chart, such as 12k. */
export function short(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return value >= 1e3 ? `${Number((value / 1e3).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

function legend(names) {
  return names
    .map((name, index) => {
      const x = 16 + index * legendStep;
      return element("rect", { x, y: 40, width: 12, height: 12, class: name }) + text(x + 18, 50, name);
    })
    .join("");
}

function style() {
  const page = ([back, front, faint]) =>
    `.page{fill:${back}}.text,.title,.small{fill:${front}}.grid{stroke:${faint}}.mark,.reference{stroke:${front}}`;
  const servers = (index) =>
    Object.entries(colours).map(([name, both]) => {
      return `.${name}{fill:${both[index]}}.line.${name}{fill:none;stroke:${both[index]}}`;
    });
  const fixed = [
    "text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}",
    ".small{font-size:9px}.line,.mark{stroke-width:2}.reference{stroke-dasharray:3 3}",
  ];
  const light = page(["#ffffff", "#1f2937", "#d1d5db"]) + servers(0).join("");
  const dark = page(["#0d1117", "#e5e7eb", "#374151"]) + servers(1).join("");
  return element("style", {}, `${fixed.join("")}${light}@media(prefers-color-scheme:dark){${dark}}`);
}

function escaped(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value) {
  return Math.round(value * 10) / 10;
}
