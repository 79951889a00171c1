import { main } from "./cli/main.ts";
import { refuseDebugger } from "./server/debugger.ts";
import { readLaunch } from "./server/launch.ts";

refuseDebugger();
const launch = readLaunch();
main(process.argv.slice(2), launch).then((status) => process.exit(status));
