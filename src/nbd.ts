/** The entry point of the command `nbd`. */
import { endNow } from "./cli/nbd/end.ts";
import { main } from "./cli/nbd/main.ts";
import { refuseDebugger } from "./server/debugger.ts";

refuseDebugger();
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
  if (status !== 0) endNow(status);
});
