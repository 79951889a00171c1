import type { Capabilities } from "../../../client/index.ts";
import { logText } from "../../../core/log-text.ts";
import { printableJson } from "../../../core/printable.ts";
import { withoutSecrets } from "../../../core/secrets.ts";
import { formatSize } from "../../../core/size.ts";

/** The properties of a server that `nbd info` shows. */
export interface ServerReport {
  readonly protocol: string;
  readonly tls: boolean;
  readonly replyForm: "simple" | "structured" | "extended";
  readonly exports: readonly ExportReport[];
}

export interface ExportReport {
  readonly name: string;
  readonly description: string | undefined;
  readonly content: string | undefined;
  readonly uri: string;
  readonly contexts: readonly string[];
  readonly capabilities: Capabilities;
  readonly blockSize:
    | { readonly minimum: number; readonly preferred: number; readonly maximum: number }
    | undefined;
  /** Size in bytes. */
  readonly size: bigint;
}

/** Formats a report as text, in the layout of nbdinfo(1), because scripts parse it. */
export function formatText({ protocol, tls, replyForm, exports }: ServerReport): string {
  const lines = [`protocol: ${protocol} ${tls ? "with" : "without"} TLS, using ${replyForm} packets`];
  for (const one of exports) {
    lines.push(`export="${logText(one.name)}":`);
    if (one.description) lines.push(`\tdescription: ${logText(one.description)}`);
    const size = formatSize(one.size);
    lines.push(`\texport-size: ${one.size}${size === String(one.size) ? "" : ` (${size})`}`);
    if (one.content) lines.push(`\tcontent: ${logText(one.content)}`);
    lines.push(`\turi: ${logText(one.uri)}`);
    if (one.contexts.length > 0) {
      lines.push("\tcontexts:", ...one.contexts.map((name) => `\t\t${logText(name)}`));
    }
    for (const [name, value] of properties(one)) lines.push(`\t${name}: ${value}`);
  }
  return lines.join("\n");
}

/**
 * Formats a report as JSON. Not with JSON.stringify, which supports neither bigint nor the layout of
 * nbdinfo(1).
 */
export function formatJson({ protocol, tls, replyForm, exports }: ServerReport): string {
  const head = [
    "{",
    `"protocol": ${JSON.stringify(protocol)},`,
    `"TLS": ${tls},`,
    `"structured": ${replyForm !== "simple"},`,
    `"exports": [`,
  ];
  return printableJson(`${head.join("\n")}\n${exports.map(formatExport).join(",\n")} ]\n}`);
}

function formatExport(one: ExportReport): string {
  const text = (key: string, value: string | undefined): string[] =>
    value ? [`${JSON.stringify(key)}: ${JSON.stringify(value)}`] : [];
  const contexts = one.contexts.map((name) => `\n\t\t${JSON.stringify(name)}`).join(",");
  const members = [
    `"export-name": ${JSON.stringify(one.name)}`,
    ...text("description", one.description),
    ...text("content", one.content),
    ...text("uri", withoutSecrets(one.uri)),
    ...(contexts === "" ? [] : [`"contexts": [${contexts}\n\t]`]),
    ...properties(one).map(([name, value]) => `"${name}": ${value}`),
    `"export-size": ${one.size}`,
    ...text("export-size-str", formatSize(one.size)),
  ];
  return `\t{\n\t${members.join(",\n\t")}\n\t}`;
}

function properties({ capabilities, blockSize }: ExportReport): [string, boolean | number][] {
  const sizes: [string, number][] =
    blockSize === undefined
      ? []
      : [
          ["block_size_minimum", blockSize.minimum],
          ["block_size_preferred", blockSize.preferred],
          ["block_size_maximum", blockSize.maximum],
        ];
  return [
    ["is_rotational", capabilities.rotational],
    ["is_read_only", capabilities.readOnly],
    ["can_cache", capabilities.canCache],
    ["can_df", capabilities.canDontFragment],
    ["can_fast_zero", capabilities.canFastZero],
    ["can_flush", capabilities.canFlush],
    ["can_fua", capabilities.canFua],
    ["can_multi_conn", capabilities.canMultiConn],
    ["can_trim", capabilities.canTrim],
    ["can_zero", capabilities.canZero],
    ...sizes,
  ];
}
