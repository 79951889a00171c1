import { Option, OptionReply } from "../constants.ts";
import type { Conversation } from "../conversation.ts";
import type { MetaContext } from "../export-info.ts";
import { askOption } from "./option.ts";
import { serverString, violation } from "./violation.ts";

/** NBD_OPT_SET_META_CONTEXT. A server that supports none of the contexts, or not the option, sets none. */
export function* setMetaContexts(exportName: string, names: readonly string[]): Conversation<MetaContext[]> {
  const contexts = yield* askContexts(Option.setMetaContext, exportName, names);
  contexts.forEach((context, index) => {
    if (!names.includes(context.name))
      throw violation(`metadata context "${context.name}" that the client did not request`);
    const clash = contexts.findIndex(({ id, name }) => id === context.id || name === context.name);
    if (clash !== index)
      throw violation(`metadata context "${context.name}" with id ${context.id} came twice`);
  });
  return contexts;
}

/** NBD_OPT_LIST_META_CONTEXT: all contexts of the export. The list is empty when the server refuses. */
export function* listMetaContexts(
  exportName: string,
  queries: readonly string[] = [],
): Conversation<string[]> {
  return (yield* askContexts(Option.listMetaContext, exportName, queries)).map(({ name }) => name);
}

function* askContexts(
  option: number,
  exportName: string,
  queries: readonly string[],
): Conversation<MetaContext[]> {
  const answer = yield* askOption(option, question(exportName, queries), OptionReply.metaContext);
  return answer.ok ? answer.items.map(readContext) : [];
}

function question(exportName: string, queries: readonly string[]): Buffer {
  const count = Buffer.allocUnsafe(4);
  count.writeUInt32BE(queries.length, 0);
  return Buffer.concat([withLength(exportName), count, ...queries.map(withLength)]);
}

function withLength(text: string): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(text)]);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  return bytes;
}

function readContext(item: Buffer): MetaContext {
  if (item.length < 4) throw violation("metadata context without an id");
  return { id: item.readUInt32BE(0), name: serverString(item.subarray(4), "metadata context") };
}
