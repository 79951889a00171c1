import { HandshakeFlag, Magic } from "../constants.ts";
import { type Conversation, send, take } from "../conversation.ts";
import type { ExportInfo } from "../export-info.ts";
import { exportInfo } from "./export-info.ts";
import { violation } from "./violation.ts";

/** The handshake style that the greeting of the server selects. */
export type Greeting =
  | { readonly style: "oldstyle"; readonly info: ExportInfo }
  | { readonly style: "newstyle" | "newstyle-fixed"; readonly noZeroes: boolean };

/** Reads the greeting of the server and answers it: doc/proto.md, "Handshake". */
export function* greet(): Conversation<Greeting> {
  const magics = yield* take(16);
  if (magics.readBigUInt64BE(0) !== Magic.init) throw violation("it does not greet with NBDMAGIC");
  const style = magics.readBigUInt64BE(8);
  if (style === Magic.oldstyle) return { style: "oldstyle", info: yield* oldstyleExport() };
  if (style !== Magic.option) throw violation("its greeting is of an unknown style");

  const flags = (yield* take(2)).readUInt16BE(0);
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(flags & (HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes), 0);
  yield* send(answer);
  return {
    style: (flags & HandshakeFlag.fixedNewstyle) !== 0 ? "newstyle-fixed" : "newstyle",
    noZeroes: (flags & HandshakeFlag.noZeroes) !== 0,
  };
}

/** The oldstyle greeting is the complete handshake. Its flags have 32 bits, and the upper half is unused. */
function* oldstyleExport(): Conversation<ExportInfo> {
  const rest = yield* take(8 + 4 + 124);
  return exportInfo(rest.readBigUInt64BE(0), rest.readUInt16BE(10));
}
