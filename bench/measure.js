// Measures one workload on several servers in turn, so that other load on the machine affects all of them
// alike.
import { nbdcopy } from "./clients.js";
import { RunningServer } from "./running-server.js";
import { median } from "./statistics.js";

// Short enough to see the peak of a process that lives as long as its connection.
const peakIntervalMs = 50;
// Node.js compiles hot code in about its first second. The warm-up does not harm the other servers.
const warmUpSeconds = 1;
const fill = nbdcopy({ to: "server", connections: 1, requestBytes: 2 ** 20 });

/**
 * @typedef {object} Plan
 * @property {number} rounds
 * @property {number} seconds length of each round on each server
 * @property {import("./disks.js").Disks} disks
 * @property {string} folder
 * @property {string} psk
 *
 * @typedef {object} Sample the results of a server in one round, or the medians of its rounds
 * @property {number} rate operations per second
 * @property {number} cpuUs CPU time of the server for one operation, in microseconds
 * @property {number} peakKib peak resident memory in KiB, including the disk if the server maps it
 *
 * @typedef {object} Row
 * @property {import("./workloads.js").Workload} workload
 * @property {Map<string, Sample & { rates: number[] }>} results by the name of the server
 * @property {string[]} failures
 */

/** @returns {Promise<Row>} */
export async function measure(workload, servers, plan) {
  const able = servers.filter(({ can }) => can.has(workload.needs ?? "disks"));
  const contenders = able.map((server) => ({ server, samples: [], running: undefined, failure: undefined }));
  try {
    for (const contender of contenders) await attempt(contender, () => begin(contender, workload, plan));
    for (let round = 0; round < plan.rounds; round++) {
      for (const contender of contenders) await attempt(contender, () => goOn(contender, workload, plan));
    }
  } finally {
    await Promise.all(contenders.map(({ running }) => running?.stop()));
  }
  return {
    workload,
    results: new Map(contenders.filter(({ failure }) => !failure).map(resultOf)),
    failures: contenders.flatMap(({ failure }) => failure ?? []).map((text) => `${workload.name}: ${text}`),
  };
}

/** Runs `work`. A server that has failed once is left out of the rest of this workload. */
async function attempt(contender, work) {
  if (contender.failure) return;
  try {
    await work();
  } catch (error) {
    contender.failure = `${contender.server.name}: ${error.message}`;
  }
}

/** Starts a server and warms it up: the cost of the start is measured elsewhere (start-up.js). */
async function begin(contender, workload, plan) {
  const { disk, needs, busyPollUs } = workload;
  const psk = needs === "tls" ? plan.psk : undefined;
  const order = { ...disk, file: plan.disks.served(disk), psk, busyPollUs };
  contender.running = await RunningServer.start(contender.server, order, plan.folder);
  if (disk.kind === "memory" && disk.content !== "hole" && contender.server.can.has("memory")) {
    await fill(targetOf(contender, workload, { ...plan, seconds: 0 }));
  }
  await workload.load(targetOf(contender, workload, { ...plan, seconds: warmUpSeconds }));
  contender.running.forgetPeak();
}

/** Measures one round. */
async function goOn(contender, workload, plan) {
  const { running, samples } = contender;
  const before = running.usage();
  let peakKib = 0;
  const notePeak = () => {
    peakKib = Math.max(peakKib, running.usage().peakKib);
  };
  const timer = setInterval(notePeak, peakIntervalMs);
  const { bytes, seconds } = await workload
    .load(targetOf(contender, workload, plan))
    .finally(() => clearInterval(timer));
  notePeak();
  const operations = bytes / workload.operationBytes;
  const cpuUs = ((running.usage().cpuSeconds - before.cpuSeconds) * 1e6) / operations;
  samples.push({ rate: operations / seconds, cpuUs, peakKib });
}

function targetOf({ running }, { disk }, { disks, seconds }) {
  const [source, file] = [disks.source(disk), disks.target()];
  return { uri: running.uri, seconds, sizeBytes: disk.sizeBytes, source, file };
}

function resultOf({ server, samples }) {
  const of = (key) => samples.map((sample) => sample[key]);
  const medians = { rate: median(of("rate")), cpuUs: median(of("cpuUs")), peakKib: median(of("peakKib")) };
  return [server.name, { ...medians, rates: of("rate") }];
}
