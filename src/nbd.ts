/** The executable behind `nbd`. */
import { main } from "./cli/nbd/main.ts";

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
