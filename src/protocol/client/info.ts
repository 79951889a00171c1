import { Info, type Option, OptionReply } from "../constants.ts";
import type { Conversation } from "../conversation.ts";
import type { ExportInfo } from "../export-info.ts";
import { readInfoItems } from "./export-info.ts";
import { askOption, type Refusal } from "./option.ts";

const wanted = [Info.name, Info.description, Info.blockSize] as const;

/**
 * NBD_OPT_INFO or NBD_OPT_GO. It always requests the block sizes, because this client obeys them.
 * @returns the export, or the refusal of the server
 */
export function* askInfo(
  option: typeof Option.info | typeof Option.go,
  exportName: string,
): Conversation<ExportInfo | { readonly refusal: Refusal }> {
  const answer = yield* askOption(option, question(exportName), OptionReply.info);
  return answer.ok ? readInfoItems(answer.items) : { refusal: answer.refusal };
}

function question(exportName: string): Buffer {
  const name = Buffer.from(exportName);
  const data = Buffer.allocUnsafe(4 + name.length + 2 + 2 * wanted.length);
  data.writeUInt32BE(name.length, 0);
  name.copy(data, 4);
  let at = data.writeUInt16BE(wanted.length, 4 + name.length);
  for (const type of wanted) at = data.writeUInt16BE(type, at);
  return data;
}
