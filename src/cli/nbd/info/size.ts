import { connect } from "../../../client/index.ts";
import type { CommandContext } from "../command.ts";

/** Runs `nbd info --size`. --json has no effect: a number is valid JSON. */
export async function showSize(uri: string, { print }: CommandContext): Promise<number> {
  await using client = await connect(uri);
  await print(String(client.size));
  return 0;
}
