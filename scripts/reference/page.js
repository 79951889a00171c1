// Writes one page of the reference: Markdown for the exports of an entry point, and a list of exports without
// a comment.

const titles = {
  function: "Functions",
  class: "Classes",
  constant: "Constants",
  interface: "Interfaces",
  type: "Types",
};

export function pageOf(entry, exports) {
  const base =
    entry.base === undefined ? [] : [`What \`${entry.base}\` exports is described on its own page.`, ""];
  const groups = Object.entries(titles).flatMap(([kind, title]) => {
    const members = exports.filter((one) => one.kind === kind);
    return members.length === 0 ? [] : [`## ${title}`, "", ...members.flatMap(sectionOf)];
  });
  const head = [
    `# ${entry.name}`,
    "",
    "Generated from the comments in the sources by `npm run reference`.",
    "",
  ];
  return `${[...head, ...base, ...groups].join("\n").trimEnd()}\n`;
}

/** One line for each export or member without a comment. */
export function gapsOf(entry, exports) {
  return exports.flatMap(({ name, text, members }) => [
    ...(text === "" ? [`${entry.name}: ${name} has no comment`] : []),
    ...members
      .filter((member) => member.text === "" && member.tags.length === 0)
      .map((member) => `${entry.name}: ${name}: ${nameOf(member.signature)} has no comment`),
  ]);
}

function sectionOf({ name, signature, text, tags, members }) {
  return [
    ...[`### ${name}`, "", "```ts", signature, "```", ""],
    ...[text, ""],
    ...tagLines(tags),
    ...(members.length === 0 ? [] : memberTable(members)),
  ];
}

function tagLines(tags) {
  if (tags.length === 0) return [];
  return [...tags.map(([name, text]) => `- ${tagTitle(name)} ${oneLine(text)}`), ""];
}

function tagTitle(name) {
  const parameter = /^param (.*)$/.exec(name)?.[1];
  if (parameter !== undefined) return `\`${parameter}\`:`;
  return { returns: "Returns", throws: "Throws" }[name] ?? `${name}:`;
}

function memberTable(members) {
  const rows = members.map(({ signature, text, tags }) => {
    const said = [text, ...tags.map(([name, text]) => `${tagTitle(name)} ${text}`)].filter(Boolean).join(" ");
    return `| ${code(signature)} | ${cell(said)} |`;
  });
  return ["| member | |", "| --- | --- |", ...rows, ""];
}

function code(signature) {
  return `\`${cell(signature)}\``;
}

function cell(text) {
  return oneLine(text).replaceAll("|", "\\|");
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

function nameOf(signature) {
  return /^(?:static |get |set )*(\[[^\]]*\]|[\w$]+)/.exec(signature)?.[1] ?? signature;
}
