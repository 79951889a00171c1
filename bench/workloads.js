// The workloads and their goals. A goal is a ratio to nbdkit, with clients that use structured replies.
import { fio, nbdcopy } from "./clients.js";

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} group the tables and the chart that contain the workload
 * @property {string} label of its row in them
 * @property {import("./disks.js").Disk} disk
 * @property {import("./clients.js").Load} load
 * @property {number} operationBytes bytes that one operation transfers
 * @property {boolean} [small] true to show rates as operations, not as bytes
 * @property {number} [goal] ratio to nbdkit
 * @property {number} [floorGoal] ratio to the floor
 * @property {string} [needs] a capability that the server must have
 * @property {number} [busyPollUs]
 */

const [kibibyte, mebibyte] = [2 ** 10, 2 ** 20];
const oneGibibyte = 2n ** 30n;
// The request size of nbdcopy, and the size of the range whose extents it requests at a time.
const [copyBytes, extentsBytes] = [256 * kibibyte, 128 * mebibyte];
// The number of requests in flight on all connections together, in the series of connections.
const crowd = 64;

/** Goals apply to the disks "memory" and "file". */
const rows = [
  small("4k read, depth 1", { depth: 1 }, [1, 1]),
  { ...small("4k read, depth 1, busy poll", { depth: 1 }, [1.8, 1.8]), busyPollUs: 50 },
  small("4k read, depth 16", { depth: 16 }, [1.5, 1.5]),
  small("4k read, depth 64", { depth: 64 }, [1.7, 1.5]),
  small("4k read, depth 16, 4 connections", { depth: 16, jobs: 4 }, [2.3, 2.2]),
  small("4k write, depth 16", { rw: "randwrite", depth: 16 }, [1.3, 1.4]),
  large("128k read, depth 8", { rw: "randread", blockBytes: 128 * kibibyte }, [1.4, 1.3]),
  large("1M read, depth 8", { rw: "randread", blockBytes: mebibyte }, [1.4, 1.3]),
  large("128k write, depth 8", { rw: "randwrite", blockBytes: 128 * kibibyte }, [1.3, 1.2]),
  large("1M write, depth 8", { rw: "randwrite", blockBytes: mebibyte }, [1.3, 1.2]),
  copy("nbdcopy out", { to: "null:" }, [1.15, 1.1]),
  copy("nbdcopy out, 4 connections", { to: "null:", connections: 4 }, [1.4, 1.3]),
  copy("nbdcopy in", { to: "server" }, [1.1, 1.05]),
  copy("nbdcopy in, 4 connections", { to: "server", connections: 4 }, [1.2, 1.1]),
  // nbdcopy, because fio has no option for keys.
  {
    ...copy(
      "TLS, 128k nbdcopy out, depth 8",
      { to: "null:", requestBytes: 128 * kibibyte, requests: 8 },
      [1, 1],
    ),
    needs: "tls",
  },
  {
    ...copy("nbdcopy to a file, 1T of holes", { to: "file" }, [1, 1]),
    content: "islands",
    sizeBytes: 2n ** 40n,
    operationBytes: extentsBytes,
    needs: "extents",
  },
];

/** A disk in a few lines of JavaScript, compared with the same plugin in Python and in shell for nbdkit. */
const pluginRows = [
  small("4k read, depth 16", { depth: 16 }, []),
  small("4k write, depth 16", { rw: "randwrite", depth: 16 }, []),
  large("128k read, depth 8", { rw: "randread", blockBytes: 128 * kibibyte }, []),
  large("128k write, depth 8", { rw: "randwrite", blockBytes: 128 * kibibyte }, []),
];

/** @returns {Workload[]} */
export function allWorkloads() {
  return [
    ...rows.map((row) => onDisk(row, "memory", 0)),
    ...rows.map((row) => onDisk(row, "file", 1)),
    ...[1, 4, 16, 64].map((jobs) => inSeries("connections", jobs, { depth: crowd / jobs, jobs })),
    ...[1, 2, 4, 8, 16, 32, 64, 128].map((depth) => inSeries("depth", depth, { depth })),
    ...[20, 30, 40, 50, 62].map((power) => ofSize(power)),
    ...pluginRows.map((row) => ofPlugin(row)),
  ];
}

function small(label, options, goals) {
  const load = fio({ rw: "randread", blockBytes: 4 * kibibyte, ...options });
  return { label, load, goals, operationBytes: 4 * kibibyte, small: true, floorGoal: 0.9 };
}

function large(label, options, goals) {
  return { label, load: fio({ depth: 8, ...options }), goals, operationBytes: options.blockBytes };
}

function copy(label, options, goals) {
  const all = { requestBytes: copyBytes, connections: 1, ...options };
  return { label, load: nbdcopy(all), goals, operationBytes: all.requestBytes };
}

function onDisk({ goals, content = "random", sizeBytes = oneGibibyte, ...row }, kind, column) {
  const name = `${kind}: ${row.label}`;
  return { ...row, name, group: kind, disk: { kind, content, sizeBytes }, goal: goals[column] };
}

function inSeries(group, x, options) {
  const { load, operationBytes } = small("", options);
  const disk = { kind: "memory", content: "random", sizeBytes: oneGibibyte };
  return { name: `${group}: ${x}`, group, label: String(x), load, operationBytes, small: true, disk };
}

function ofSize(power) {
  const disk = { kind: "memory", content: "hole", sizeBytes: 2n ** BigInt(power) };
  return { ...inSeries("size", `2^${power}`, { depth: 16 }), disk, needs: "any-size" };
}

function ofPlugin({ goals: _, floorGoal: __, ...row }) {
  const disk = { kind: "plugin", content: "hole", sizeBytes: 2n ** 26n };
  return { ...row, name: `plugin: ${row.label}`, group: "plugin", disk, needs: "plugin" };
}
