import { connect } from "../../../client/index.ts";
import type { CommandContext } from "../command.ts";

/** `nbd info --size`: a number is JSON too, so --json changes nothing. */
export async function showSize(uri: string, { print }: CommandContext): Promise<number> {
  await using client = await connect(uri);
  await print(String(client.size));
  return 0;
}
