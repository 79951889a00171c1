import { parentPort, workerData } from "node:worker_threads";
import type { WorkerData } from "./connection/migration/messages.ts";
import { runWorker } from "./connection/migration/worker.ts";
import { openTransferable } from "./descriptor/transferable.ts";
import { native } from "./native/load.ts";

const { busyPollUs, progress } = workerData as WorkerData;
native().setBusyPoll(busyPollUs);
runWorker(parentPort!, openTransferable, progress);
