import { Option, OptionReply } from "../constants.ts";
import { type Conversation, wait } from "../conversation.ts";
import type { MetaContext, OfferedContext } from "../export-info.ts";
import { readString } from "../strings.ts";
import { openExport } from "./agreed.ts";
import type { Answer } from "./answer.ts";
import type { HandshakeState } from "./host.ts";
import { acknowledge, refuse, refuseBecause, replyTo } from "./option-reply.ts";

/** NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export function* answerMetaContext(
  state: HandshakeState,
  option: number,
  data: Buffer,
): Conversation<Answer> {
  const setting = option === Option.setMetaContext;
  // doc/proto.md: NBD_OPT_SET_META_CONTEXT replaces the earlier choice, also when it fails.
  if (setting) state.chosen = { exportName: "", contexts: [] };

  const refusal = whyNot(state);
  if (refusal !== undefined) {
    yield* refuse(option, refusal.type, refusal.reason);
    return "continue";
  }
  const asked = readQuestion(data);
  if (asked === undefined) {
    yield* refuse(option, OptionReply.errorInvalid, "lengths inside the option do not add up");
    return "continue";
  }
  try {
    const exportName = readString(asked.name, "export name");
    const { contexts: offered = [] } = yield* wait(openExport(state, option, exportName));
    const queries = asked.queries.map((query) => readString(query, "query"));
    const contexts = matching(selectable(offered, state), new Set(queries), setting);
    if (setting) state.chosen = { exportName, contexts };
    for (const context of contexts)
      yield* replyTo(option, OptionReply.metaContext, contextItem(context, setting));
  } catch (error) {
    yield* refuseBecause(option, error);
    return "continue";
  }
  yield* acknowledge(option);
  return "continue";
}

function whyNot(state: HandshakeState): { type: OptionReply; reason: string } | undefined {
  if (!state.host.offers.metaContexts) {
    return { type: OptionReply.errorUnsupported, reason: "metadata contexts are switched off" };
  }
  if (state.replyForm === "simple") {
    return {
      type: OptionReply.errorInvalid,
      reason: "negotiate structured replies before metadata contexts",
    };
  }
  return undefined;
}

/**
 * doc/proto.md, "NBD_OPT_SET_META_CONTEXT": without extended headers, contexts with 64-bit states are
 * omitted.
 */
function selectable(
  offered: readonly OfferedContext[],
  { replyForm }: HandshakeState,
): readonly MetaContext[] {
  return offered
    .filter(({ wide }) => wide !== true || replyForm === "extended")
    .map(({ id, name }) => ({ id, name }));
}

/**
 * The query "base:" lists all contexts of the namespace, and "qemu:dirty-bitmap:" those whose names start with it.
 * Such a query sets none because it is no exact name. Without a query, all contexts are listed.
 */
function matching(
  contexts: readonly MetaContext[],
  queries: ReadonlySet<string>,
  setting: boolean,
): readonly MetaContext[] {
  const prefixes = [...queries].filter((query) => query.endsWith(":"));
  const listed = (name: string): boolean =>
    queries.size === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  return contexts.filter(({ name }) => queries.has(name) || (!setting && listed(name)));
}

function readQuestion(data: Buffer): { name: Buffer; queries: Buffer[] } | undefined {
  if (data.length < 8) return undefined;
  const nameEnd = 4 + data.readUInt32BE(0);
  if (nameEnd + 4 > data.length) return undefined;
  const count = data.readUInt32BE(nameEnd);
  const queries: Buffer[] = [];
  let at = nameEnd + 4;
  while (at + 4 <= data.length && queries.length < count) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) return undefined;
    queries.push(data.subarray(at + 4, end));
    at = end;
  }
  return at === data.length && queries.length === count
    ? { name: data.subarray(4, nameEnd), queries }
    : undefined;
}

/** In a list, the id has no meaning and is 0. */
function contextItem(context: MetaContext, setting: boolean): Buffer {
  const item = Buffer.concat([Buffer.alloc(4), Buffer.from(context.name)]);
  item.writeUInt32BE(setting ? context.id : 0, 0);
  return item;
}
