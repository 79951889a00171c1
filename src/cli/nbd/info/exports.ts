import { capabilitiesOf } from "../../../client/capabilities.ts";
import { connect, formatNbdUri, listExports, type NbdClient, parseNbdUri } from "../../../client/index.ts";
import type { CommandContext } from "../command.ts";
import { probeContent } from "./content.ts";
import { type ExportReport, formatJson, formatText, type ServerReport } from "./report.ts";

export interface ExportsOptions {
  readonly list: boolean;
  /** Identify the content with file(1). */
  readonly content: boolean;
  readonly json: boolean;
}

/** Runs `nbd info` and `nbd info --list`: prints a report as text or JSON. */
export async function showExports(
  uri: string,
  options: ExportsOptions,
  context: CommandContext,
): Promise<number> {
  const report = options.list
    ? await listReport(uri, options.content)
    : await exportReport(uri, options.content);
  await context.print(options.json ? formatJson(report) : formatText(report));
  return 0;
}

async function exportReport(uri: string, content: boolean): Promise<ServerReport> {
  await using client = await connect(uri, { listContexts: true, metaContexts: [] });
  const report = await describeClient(client, content);
  const tls = client.address.tls !== undefined;
  return { protocol: client.handshake, tls, replyForm: client.replyForm, exports: [report] };
}

async function describeClient(client: NbdClient, content: boolean): Promise<ExportReport> {
  return {
    name: client.exportName,
    description: client.description,
    content: content ? await probeContent(client) : undefined,
    uri: client.uri,
    contexts: client.availableContexts,
    capabilities: client.capabilities,
    blockSize: client.blockSize,
    size: client.size,
  };
}

/** Skips exports that the server lists but refuses to open. */
async function listReport(uri: string, content: boolean): Promise<ServerReport> {
  const address = parseNbdUri(uri);
  const listing = await listExports(address);
  const exports: ExportReport[] = [];
  for (const { name, description, info, contexts } of listing.exports) {
    if (info === undefined) continue;
    exports.push({
      name: info.name ?? name,
      description: info.description ?? description,
      content: content ? await contentOf(uri, name) : undefined,
      uri: formatNbdUri({ ...address, exportName: name }),
      contexts,
      capabilities: capabilitiesOf(info.flags),
      blockSize: info.blockSize,
      size: info.size,
    });
  }
  const tls = address.tls !== undefined;
  return { protocol: listing.style, tls, replyForm: listing.replyForm, exports };
}

async function contentOf(uri: string, exportName: string): Promise<string | undefined> {
  await using client = await connect(uri, { exportName, metaContexts: [] });
  return await probeContent(client);
}
