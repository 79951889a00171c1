import { Option, OptionReply } from "../constants.ts";
import type { Conversation } from "../conversation.ts";
import type { ExportListing } from "../export-info.ts";
import { askOption } from "./option.ts";
import { refusedError } from "./refusal.ts";
import { serverString, violation } from "./violation.ts";

/**
 * NBD_OPT_LIST: requests the names and descriptions of all exports.
 * @throws NbdError when the server refuses to list
 */
export function* askList(): Conversation<ExportListing[]> {
  const answer = yield* askOption(Option.list, undefined, OptionReply.server);
  if (!answer.ok) throw refusedError("listing the exports", answer.refusal);
  return answer.items.map(readListing);
}

function readListing(item: Buffer): ExportListing {
  if (item.length < 4) throw violation("export listing without a name");
  const nameEnd = 4 + item.readUInt32BE(0);
  if (nameEnd > item.length) throw violation("export listing with a name longer than itself");
  const name = serverString(item.subarray(4, nameEnd), "export name");
  if (nameEnd === item.length) return { name };
  return { name, description: serverString(item.subarray(nameEnd), "export description") };
}
