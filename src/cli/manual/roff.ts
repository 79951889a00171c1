/** Formats text in roff, the language of manual pages (man(7)). */

/** Escapes plain text for roff; *word* becomes bold. */
export function text(plain: string): string {
  return plain
    .split("\n")
    .map((line) => protectStart(escapeText(line).replace(/\*([^*]+)\*/g, "\\fB$1\\fR")))
    .join("\n");
}

/** Formats paragraphs, which are separated by empty lines. */
export function paragraphs(plain: string): string {
  return plain.split("\n\n").map(text).join("\n.PP\n");
}

/** Formats an item and its paragraphs. */
export function item(title: string, plain: string): string {
  return `.TP\n${bold(title)}\n${plain.split("\n\n").map(text).join("\n.IP\n")}`;
}

export function heading(title: string): string {
  return `.SH ${title}`;
}

/** Formats lines literally, without filling. */
export function verbatim(lines: string): string {
  const escaped = lines.split("\n").map((line) => protectStart(escapeText(line)));
  return `.PP\n.nf\n${escaped.join("\n")}\n.fi`;
}

export function bold(plain: string): string {
  return `\\fB${escapeText(plain)}\\fR`;
}

function escapeText(plain: string): string {
  return plain.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq");
}

/** Escapes a dot at the beginning of a line: in roff it begins a request. */
function protectStart(line: string): string {
  return line.startsWith(".") ? `\\&${line}` : line;
}
