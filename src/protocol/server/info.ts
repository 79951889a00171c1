import { Info, Option, OptionReply } from "../constants.ts";
import { type Conversation, wait } from "../conversation.ts";
import type { ExportInfo } from "../export-info.ts";
import { readString } from "../strings.ts";
import { announcedFlags, contextsFor, openExport } from "./agreed.ts";
import type { Answer } from "./answer.ts";
import type { HandshakeState } from "./host.ts";
import { acknowledge, refuse, refuseBecause, replyTo } from "./option-reply.ts";

/** NBD_OPT_INFO and NBD_OPT_GO. They differ only in the step after the acknowledgement. */
export function* answerInfo(state: HandshakeState, option: number, data: Buffer): Conversation<Answer> {
  const asked = readQuestion(data);
  if (asked === undefined) {
    yield* refuse(option, OptionReply.errorInvalid, "lengths inside the option do not add up");
    return "continue";
  }
  let exportName: string;
  let info: ExportInfo;
  try {
    exportName = readString(asked.name, "export name");
    info = yield* wait(openExport(state, option, exportName));
  } catch (error) {
    yield* refuseBecause(option, error);
    return "continue";
  }
  for (const item of informationItems(state, info, exportName, asked.items)) {
    yield* replyTo(option, OptionReply.info, item);
  }
  yield* acknowledge(option);
  if (option === Option.info) return "continue";
  return { exportName, replyForm: state.replyForm, contexts: contextsFor(state, exportName) };
}

function readQuestion(data: Buffer): { name: Buffer; items: ReadonlySet<number> } | undefined {
  if (data.length < 6) return undefined;
  const nameEnd = 4 + data.readUInt32BE(0);
  if (nameEnd + 2 > data.length) return undefined;
  const count = data.readUInt16BE(nameEnd);
  if (data.length !== nameEnd + 2 + 2 * count) return undefined;
  const items = new Set<number>();
  for (let at = nameEnd + 2; at < data.length; at += 2) items.add(data.readUInt16BE(at));
  return { name: data.subarray(4, nameEnd), items };
}

/**
 * NBD_INFO_EXPORT is always sent. Block sizes are sent without a request too, because they bind the client.
 * Name and description are sent on request.
 */
function informationItems(
  state: HandshakeState,
  info: ExportInfo,
  exportName: string,
  asked: ReadonlySet<number>,
): Buffer[] {
  const basics = Buffer.allocUnsafe(12);
  basics.writeUInt16BE(Info.export, 0);
  basics.writeBigUInt64BE(info.size, 2);
  basics.writeUInt16BE(announcedFlags(state, exportName, info.flags), 10);
  const items: Buffer[] = [basics];
  if (asked.has(Info.name)) items.push(textItem(Info.name, info.name ?? exportName));
  if (asked.has(Info.description) && info.description !== undefined) {
    items.push(textItem(Info.description, info.description));
  }
  if (info.blockSize !== undefined) {
    const sizes = Buffer.allocUnsafe(14);
    sizes.writeUInt16BE(Info.blockSize, 0);
    sizes.writeUInt32BE(info.blockSize.minimum, 2);
    sizes.writeUInt32BE(info.blockSize.preferred, 6);
    sizes.writeUInt32BE(info.blockSize.maximum, 10);
    items.push(sizes);
  }
  return items;
}

function textItem(type: number, text: string): Buffer {
  const item = Buffer.concat([Buffer.alloc(2), Buffer.from(text)]);
  item.writeUInt16BE(type, 0);
  return item;
}
