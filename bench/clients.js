// The clients that put load on a server.
import { rmSync } from "node:fs";
import { run } from "./processes.js";

/**
 * @typedef {object} Target
 * @property {string} uri
 * @property {number} seconds how long to run
 * @property {bigint} sizeBytes of the disk
 * @property {string} source a file to copy from
 * @property {string} file a file to copy to
 *
 * @typedef {(target: Target) => Promise<{ bytes: number, seconds: number }>} Load the bytes transferred, and
 * the time
 */

/**
 * fio with its nbd engine, which is libnbd with structured replies. Each job has a connection with `depth`
 * requests in flight.
 *
 * @returns {Load}
 */
export function fio({ rw, blockBytes, depth, jobs = 1 }) {
  const job = [`--rw=${rw}`, `--bs=${blockBytes}`, `--iodepth=${depth}`, `--numjobs=${jobs}`];
  // fio's clock and its map of blocks cost the client about as much as a request costs the server.
  const cheap = ["--thread", "--gtod_reduce=1", "--norandommap", "--random_generator=tausworthe64"];
  return async ({ uri, seconds }) => {
    const time = ["--time_based", `--runtime=${Math.round(seconds * 1000)}ms`];
    const format = ["--group_reporting", "--output-format=json"];
    const args = ["--name=bench", "--ioengine=nbd", `--uri=${uri}`, ...job, ...cheap, ...time, ...format];
    const printed = await run("fio", args);
    // fio's engine prints lines before the report.
    const [report] = JSON.parse(printed.slice(printed.indexOf("{\n"))).jobs;
    const { io_bytes: bytes, runtime } = rw.endsWith("read") ? report.read : report.write;
    if (report.error !== 0 || bytes === 0) throw new Error(`fio did nothing (error ${report.error})`);
    return { bytes, seconds: runtime / 1000 };
  };
}

/**
 * nbdcopy from or to the server, repeated until the time is over, but run at least once.
 *
 * @param {{ to: "null:" | "file" | "server", connections: number, requestBytes: number, requests?: number }}
 * options
 * @returns {Load}
 */
export function nbdcopy({ to, connections, requestBytes, requests = 64 }) {
  const options = [
    `--connections=${connections}`,
    `--request-size=${requestBytes}`,
    `--requests=${requests}`,
  ];
  return async ({ uri, seconds, sizeBytes, source, file }) => {
    const [from, into] = to === "server" ? [source, uri] : [uri, to === "file" ? file : to];
    let [copies, elapsed] = [0, 0];
    do {
      elapsed += await timed(() => run("nbdcopy", [...options, from, into]));
      copies++;
      if (to === "file") rmSync(file);
    } while (elapsed < seconds);
    return { bytes: copies * Number(sizeBytes), seconds: elapsed };
  };
}

async function timed(work) {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
