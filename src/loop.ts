import { parentPort } from "node:worker_threads";
import { runLoop } from "./connection/loop.ts";
import { openPortable } from "./descriptor/portable.ts";

runLoop(parentPort!, openPortable);
