/** The executable behind `nbd`. */
import { main } from "./cli/nbd/main.ts";
import { refuseDebugger } from "./server/debugger.ts";

refuseDebugger();
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
