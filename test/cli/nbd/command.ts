import { nbd as command, type Outcome, run } from "../../helpers/run.ts";

export function nbd(...args: string[]): Promise<Outcome> {
  return run(command, args);
}
