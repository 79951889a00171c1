import { parentPort, workerData } from "node:worker_threads";
import { runLoop } from "./connection/loop.ts";
import type { LoopData } from "./connection/loop-protocol.ts";
import { openTransferable } from "./descriptor/transferable.ts";
import { native } from "./native/load.ts";

const { busyPollUs, progress } = workerData as LoopData;
native().setBusyPoll(busyPollUs);
runLoop(parentPort!, openTransferable, progress);
