// Ends worker threads with servers and clients in every way, then prints as JSON the resources that the
// process still has. argv: the way to end, a seed, the number of threads.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { connect, serve } from "nbdkit-node";

const megabyte = 1024 * 1024;
/** Approximate time in ms until a thread serves. */
const startsWithinMs = 400;
/** Time in ms for requests of all kinds to be in flight, and for connections to migrate to other threads. */
const busyMs = 100;

if (isMainThread) await main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
else await thread(workerData.ending);

async function main(ending, seed, threads) {
  // The first thread allocates what a process keeps.
  await oneThread("close", 0);
  const before = holdings();
  let random = seed;
  for (let i = 0; i < threads; i++) {
    random = Math.imul(random, 1_103_515_245) + 12_345;
    await oneThread(ending, (random >>> 16) / 2 ** 16);
  }
  console.log(JSON.stringify({ before, after: holdings() }));
}

/** @param moment from 0 to 1: how late the thread is ended */
async function oneThread(ending, moment) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { ending } });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  worker.on("error", (error) => {
    if (error.message !== "on purpose") throw error;
  });
  if (ending === "early") setTimeout(() => worker.terminate(), moment * startsWithinMs);
  worker.once("message", () => {
    if (ending === "terminate") setTimeout(() => worker.terminate(), moment * busyMs);
    if (["exit", "throw"].includes(ending)) setTimeout(() => worker.postMessage("end"), moment * busyMs);
  });
  await ended;
}

async function thread(ending) {
  const options = { plugin: "memory", parameters: { size: "64M", allocator: "malloc" } };
  const server = await serve(options);
  const covered = await serve({ plugin: "memory", parameters: { size: "64M" }, filters: ["cow"] });
  const scripted = await serve({ plugin: "sh", parameters: { script: process.env.SCRIPT } });
  const clients = await Promise.all(
    [server, server, server, covered, scripted].map(({ uri }) => connect(uri)),
  );
  await Promise.all(clients.map((client) => client.read(0n, 512)));
  const filled = Buffer.alloc(megabyte, 1);
  for (const client of clients.slice(0, -1)) await client.write(0n, filled);
  if (ending === "close") {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all([server, covered, scripted].map((one) => one.close()));
    parentPort.postMessage("done");
    return;
  }
  // The thread that ends the others may be late.
  parentPort.on("message", () => {
    if (ending === "throw") throw new Error("on purpose");
    process.exit();
  });
  for (const client of clients.slice(0, -1)) void keepBusy(client, filled);
  parentPort.postMessage("busy");
}

async function keepBusy(client, filled) {
  for (;;) {
    await Promise.all([client.read(0n, megabyte), client.write(BigInt(megabyte), filled)]);
  }
}

/** Ignores files that Node's module loader leaves open when a thread is ended during an import. */
function holdings() {
  const targets = readdirSync("/proc/self/fd").map(targetOf);
  const count = (pattern) => targets.filter((target) => pattern.test(target)).length;
  return {
    sockets: count(/^socket/),
    pipes: count(/^pipe/),
    events: count(/^anon_inode/),
    unnamedFiles: count(/\(deleted\)/),
    mappings: readFileSync("/proc/self/maps", "utf8").match(/memfd/g)?.length ?? 0,
  };
}

function targetOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The file descriptor was that of the folder.
    return "";
  }
}
