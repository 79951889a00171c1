import type { Expression } from "./expression.ts";

/** Formats an expression tree as lines for the log (-D data.AST=1). */
export function describe(expression: Expression, indent = ""): readonly string[] {
  const inside = (children: readonly Expression[]): string[] =>
    children.flatMap((child) => describe(child, `${indent}  `));
  switch (expression.kind) {
    case "bytes":
      return [`${indent}${expression.bytes.length} bytes: ${hex(expression.bytes)}`];
    case "file":
      return [`${indent}<${expression.text}`];
    case "script":
      return [`${indent}<(${expression.text})`];
    case "name":
      return [`${indent}\\${expression.name}`];
    case "seek":
      return [`${indent}@ ${expression.how} ${expression.amount}`];
    case "list":
      return [`${indent}(`, ...inside(expression.items), `${indent})`];
    case "repeat":
      return [`${indent}* ${expression.count}`, ...inside([expression.of])];
    case "slice":
      return [`${indent}[${expression.from}:${expression.to ?? ""}]`, ...inside([expression.of])];
    case "assign":
      return [`${indent}-> \\${expression.name}`, ...inside([expression.of])];
  }
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 32)).toString("hex");
  return bytes.length > 32 ? `${shown}...` : shown;
}
