import { codeOf, NbdError } from "../../core/errors.ts";
import { Option } from "../constants.ts";
import { type Conversation, take } from "../conversation.ts";
import type { ExportInfo } from "../export-info.ts";
import { exportInfo } from "./export-info.ts";
import { sendOption } from "./option.ts";

/**
 * NBD_OPT_EXPORT_NAME, for servers without NBD_OPT_GO. Such a server refuses a name by closing the
 * connection.
 * @throws NbdError ENOENT when the server closes the connection
 */
export function* chooseByName(exportName: string, noZeroes: boolean): Conversation<ExportInfo> {
  yield* sendOption(Option.exportName, Buffer.from(exportName));
  try {
    const reply = yield* take(noZeroes ? 10 : 10 + 124);
    return exportInfo(reply.readBigUInt64BE(0), reply.readUInt16BE(8));
  } catch (error) {
    if (codeOf(error) === "ECONNRESET") {
      throw new NbdError("ENOENT", `the server hung up instead of opening export "${exportName}"`, {
        cause: error,
      });
    }
    throw error;
  }
}
