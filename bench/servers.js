// The servers to compare, and the command line with which each serves a disk.
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, onPath, run } from "./processes.js";

/**
 * @typedef {object} Server
 * @property {string} name the name in `--servers` and in the tables
 * @property {string} version
 * @property {Set<string>} can capabilities that workloads need: "disks" of its own, "memory", "any-size",
 * "tls", "extents", "activation", "busy-poll", "plugin"
 * @property {(order: Order) => string[]} command the program and its arguments
 * @property {string} [program] the path, for servers that are an nbdkit
 * @property {string} [exportName]
 * @property {string} [pidfile] path of the pidfile, for a server that puts itself into the background
 *
 * @typedef {object} Order the disk to serve
 * @property {"memory" | "file" | "plugin"} kind
 * @property {bigint} sizeBytes
 * @property {string} file
 * @property {string} [socket] undefined for socket activation
 * @property {string} [psk] file of the pre-shared keys, in its own folder. Set for TLS
 * @property {number} [busyPollUs] for servers that support busy polling
 */

export const serverNames = [
  "ours",
  "nbdkit",
  "other-nbdkit",
  "qemu-nbd",
  "nbd-server",
  "floor",
  "nbdkit-python",
  "nbdkit-sh",
];

/** The named servers that are installed on this machine. `notes` say why the others are left out. */
export async function findServers(names, folder) {
  const [servers, notes] = [[], []];
  for (const name of names) {
    if (!serverNames.includes(name))
      throw new Error(`--servers: "${name}" is not one of ${serverNames.join(", ")}`);
    try {
      servers.push(await find[name](folder));
    } catch (error) {
      notes.push(`left out: ${name}: ${error.message.split("\n")[0]}`);
    }
  }
  return { servers, notes };
}

const find = {
  ours() {
    const program = fileURLToPath(new URL("../bin/nbdkit", import.meta.url));
    return nbdkit("ours", program, ["busy-poll", "plugin"]);
  },
  nbdkit: () => nbdkit("nbdkit", original(), []),
  "other-nbdkit": () => nbdkit("other-nbdkit", required(process.env.NBDKIT, "NBDKIT=PATH is not set"), []),
  "qemu-nbd": qemuNbd,
  "nbd-server": nbdServer,
  floor,
  "nbdkit-python": () => nbdkitPlugin("python", "memory.py"),
  "nbdkit-sh": () => nbdkitPlugin("sh", "memory.sh"),
};

function nbdkit(name, program, more) {
  return {
    name,
    program,
    version: firstLine(program, "--version"),
    can: new Set(["disks", "memory", "any-size", "tls", "extents", "activation", ...more]),
    command({ kind, sizeBytes, file, socket, psk, busyPollUs }) {
      const plugin = {
        memory: ["memory", String(sizeBytes)],
        file: ["file", file],
        plugin: [pluginPath("memory.js"), `size=${sizeBytes}`],
      }[kind];
      const options = ["-f", ...(socket ? ["-U", socket] : [])];
      if (psk) options.push("--tls=require", `--tls-psk=${psk}`);
      if (busyPollUs && more.includes("busy-poll")) options.push(`--busy-poll=${busyPollUs}us`);
      return [program, ...options, ...plugin];
    },
  };
}

/** nbdkit with a plugin in a scripting language. */
function nbdkitPlugin(language, script) {
  const program = original();
  return {
    name: `nbdkit-${language}`,
    version: execFileSync(program, [language, pluginPath(script), "--version"], { encoding: "utf8" })
      .trim()
      .replace("\n", ", "),
    can: new Set(["plugin"]),
    command: ({ sizeBytes, socket }) => [
      ...[program, "-f", "-U", socket, language],
      ...[pluginPath(script), `size=${sizeBytes}`],
    ],
  };
}

function pluginPath(name) {
  return fileURLToPath(new URL(`plugins/${name}`, import.meta.url));
}

function original() {
  return required(onPath("nbdkit"), "no nbdkit on PATH");
}

function qemuNbd() {
  return {
    name: "qemu-nbd",
    version: firstLine("qemu-nbd", "--version"),
    can: new Set(["disks", "any-size", "tls", "extents", "activation"]),
    command({ file, socket, psk }) {
      const options = ["--persistent", "--shared=0", "--format=raw", ...(socket ? ["--socket", socket] : [])];
      if (psk) {
        const keys = `tls-creds-psk,id=keys,endpoint=server,dir=${join(psk, "..")}`;
        options.push("--object", keys, "--tls-creds", "keys");
      }
      return ["qemu-nbd", ...options, file];
    },
  };
}

/** nbd-server runs in the background: its foreground mode serves only one client. */
function nbdServer(folder) {
  const [config, pidfile] = [join(folder, "nbd-server.conf"), join(folder, "nbd-server.pid")];
  return {
    name: "nbd-server",
    version: firstLine("nbd-server", "-V"),
    can: new Set(["disks", "any-size"]),
    exportName: "disk",
    pidfile,
    command({ file, socket }) {
      const lines = ["[generic]", `unixsock = ${socket}`, "[disk]", `exportname = ${file}`, "flush = true"];
      writeFileSync(config, `${lines.join("\n")}\n`);
      return ["nbd-server", "-C", config, "-p", pidfile];
    },
  };
}

async function floor(folder) {
  const program = await compile("floor", folder);
  return {
    name: "floor",
    version: "a C loop, bench/floor",
    can: new Set(["disks", "activation", "busy-poll"]),
    command: ({ file, socket, busyPollUs }) => [program, socket ?? "-", file, String(busyPollUs ?? 0)],
  };
}

/** Compiles the C program of that name, a file or a folder in bench/. Returns the path of the executable. */
export async function compile(name, folder) {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const [single, program] = [`${name}.c`, join(folder, name)];
  const sources = readdirSync(here).includes(single)
    ? [single]
    : readdirSync(join(here, name))
        .filter((file) => file.endsWith(".c"))
        .map((file) => join(name, file));
  await run("cc", ["-O2", "-o", program, ...sources], here);
  return program;
}

function required(value, complaint) {
  if (value === undefined) throw new Error(complaint);
  return value;
}

function firstLine(program, flag) {
  return execFileSync(program, [flag], { encoding: "utf8", env: environment }).split("\n")[0];
}
