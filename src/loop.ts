import { parentPort, workerData } from "node:worker_threads";
import { runLoop } from "./connection/loop.ts";
import { openPortable } from "./descriptor/portable.ts";
import { native } from "./native/load.ts";

native().setBusyPoll((workerData as { readonly busyPollUs: number }).busyPollUs);
runLoop(parentPort!, openPortable);
