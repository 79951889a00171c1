import { main } from "./cli/main.ts";
import { readLaunch } from "./server/launch.ts";

const launch = readLaunch();
main(process.argv.slice(2), launch).then((status) => process.exit(status));
