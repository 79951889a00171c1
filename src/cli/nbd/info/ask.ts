import { connect, type NbdClient } from "../../../client/index.ts";
import { UsageError } from "../parse-options.ts";

const questions: Readonly<Record<string, (client: NbdClient) => boolean>> = {
  cache: ({ capabilities }) => capabilities.canCache,
  connect: () => true,
  df: ({ capabilities }) => capabilities.canDontFragment,
  "fast-zero": ({ capabilities }) => capabilities.canFastZero,
  flush: ({ capabilities }) => capabilities.canFlush,
  fua: ({ capabilities }) => capabilities.canFua,
  "multi-conn": ({ capabilities }) => capabilities.canMultiConn,
  read: () => true,
  "read-only": ({ readOnly }) => readOnly,
  readonly: ({ readOnly }) => readOnly,
  rotational: ({ capabilities }) => capabilities.rotational,
  "structured-reply": ({ replyForm }) => replyForm !== "simple",
  structured: ({ replyForm }) => replyForm !== "simple",
  tls: ({ address }) => address.tls !== undefined,
  trim: ({ capabilities }) => capabilities.canTrim,
  write: ({ readOnly }) => !readOnly,
  zero: ({ capabilities }) => capabilities.canZero,
};

/** What --can, --is and --has may ask for. */
export const questionWords: readonly string[] = Object.keys(questions);

/** `nbd info --can`, `--is` and `--has`: the exit status is 0 for yes, 2 for no, 1 for a failure. */
export async function answerQuestion(uri: string, what: string): Promise<number> {
  const question = questions[what];
  if (question === undefined) {
    throw new UsageError(`unknown --can, --is or --has "${what}": use one of ${questionWords.join(", ")}`);
  }
  await using client = await connect(uri);
  return question(client) ? 0 : 2;
}
