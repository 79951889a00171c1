// One workload on several servers in turn, so that a busy moment of the machine hits all alike.
import { nbdcopy } from "./clients.js";
import { RunningServer } from "./running-server.js";
import { median } from "./statistics.js";

// Often enough to see the peak of a process that lives as long as its connection.
const peakIntervalMs = 50;
// Node compiles what is hot in its first second or so; the others lose nothing by it.
const warmUpSeconds = 1;
const fill = nbdcopy({ to: "server", connections: 1, requestBytes: 2 ** 20 });

/**
 * @typedef {object} Plan
 * @property {number} rounds
 * @property {number} seconds of each round on each server
 * @property {import("./disks.js").Disks} disks
 * @property {string} folder
 * @property {string} psk
 *
 * @typedef {object} Sample what a server did, or the medians of its rounds
 * @property {number} rate operations in a second
 * @property {number} cpuUs CPU time of the server for one operation
 * @property {number} peakKib the most memory it had resident, with its disk where that is its own memory
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

/** A server that failed once is out of this workload. */
async function attempt(contender, work) {
  if (contender.failure) return;
  try {
    await work();
  } catch (error) {
    contender.failure = `${contender.server.name}: ${error.message}`;
  }
}

/** Servers are measured at work: what the beginning costs is a matter of start-up. */
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

/** One round. */
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
