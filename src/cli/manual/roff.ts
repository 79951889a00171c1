/** The language of manual pages (man(7)). */

/** Text as it is; *word* becomes bold. */
export function text(plain: string): string {
  return plain
    .split("\n")
    .map((line) => protectStart(escapeText(line).replace(/\*([^*]+)\*/g, "\\fB$1\\fR")))
    .join("\n");
}

/** Paragraphs, which empty lines divide. */
export function paragraphs(plain: string): string {
  return plain.split("\n\n").map(text).join("\n.PP\n");
}

/** Paragraphs that belong to an item. */
export function item(title: string, plain: string): string {
  return `.TP\n${bold(title)}\n${plain.split("\n\n").map(text).join("\n.IP\n")}`;
}

export function heading(title: string): string {
  return `.SH ${title}`;
}

/** Lines that stay as they are. */
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

/** A dot there would begin a command. */
function protectStart(line: string): string {
  return line.startsWith(".") ? `\\&${line}` : line;
}
