import { type AllocatedDisk, allocate, checkMemory } from "../allocator/allocate.ts";
import { type Allocator, allocator, allocatorFeatures } from "../allocator/parameter.ts";
import { everyRequest } from "../contract/handle.ts";
import { catchAll, once, type Parameter, size, text } from "../contract/parameter.ts";
import { definePlugin, type Host, type Plugin } from "../contract/plugin.ts";
import { must } from "../core/assert.ts";
import { parseBase64 } from "../core/base64.ts";
import { NbdError } from "../core/errors.ts";
import { describe } from "./data/describe.ts";
import { evaluate } from "./data/evaluate.ts";
import type { Data } from "./data/expression.ts";
import { paint } from "./data/paint.ts";
import { parse } from "./data/parse.ts";
import { readSource } from "./data/source.ts";

interface State {
  readonly data: Data;
  /** bytes; undefined for the size of the data */
  readonly size: bigint | undefined;
  readonly allocator: Allocator;
  disk?: AllocatedDisk;
}

/** A disk in memory whose content the command line describes (nbdkit-data-plugin(1)). */
const data: Plugin = definePlugin({
  name: "data",
  longname: "nbdkit data plugin",
  description: "A disk whose bytes are given on the command line",
  parameters: {
    data: content("DATA", "A description of the disk: '0x55 0xAA \"text\" <FILE @512 (1 2)*8'"),
    base64: content("BASE64", "The bytes of the disk in base64"),
    raw: content("TEXT", "The bytes of the disk as they are"),
    size: size({ defaultText: "the size of the data", help: "Size of the disk" }),
    allocator,
    NAME: catchAll({ default: new Map(), help: "The value of $NAME in data=" }),
  },
  magicKey: "data",
  catchAllKey: "NAME",
  debugFlags: ["AST", "dir"],
  provides: [...everyRequest, "multiConn", "blockSize"],
  dumpPlugin: () => ({ data_base64: "yes", ...allocatorFeatures() }),
  configComplete: (values, host): State => {
    const data = readParameters(values);
    traceTree(data, host);
    return { data, size: values.size, allocator: values.allocator };
  },
  async getReady(state, host) {
    const stdin = host.stdioSafe ? "inherit" : "ignore";
    const content = await evaluate(state.data, (...part) => readSource(stdin, ...part));
    const diskSize = state.size ?? content.size;
    checkMemory("data", content.weight < diskSize ? content.weight : diskSize);
    state.disk = await allocate("nbdkit-data", diskSize, state.allocator);
    await paint(content, state.disk.handle);
  },
  open: ({ disk }) => must(disk).handle,
  unload: ({ disk }) => disk?.dispose(),
});

export default data;

const notOnce = "raw|base64|data parameter must be specified exactly once";

function content(placeholder: string, help: string): Parameter<string> {
  return once(text({ placeholder, defaultText: "none", help }), () => notOnce);
}

interface Values {
  readonly data: string | undefined;
  readonly base64: string | undefined;
  readonly raw: string | undefined;
  readonly NAME: ReadonlyMap<string, string>;
}

function readParameters({ data, base64, raw, NAME: variables }: Values): Data {
  const given = [data, base64, raw].filter((text) => text !== undefined);
  if (given.length > 1) throw new NbdError("EINVAL", notOnce);
  if (data !== undefined) return parse(data, (name) => variables.get(name) ?? process.env[name]);
  const [only] = given;
  if (only === undefined) throw new NbdError("EINVAL", "raw|base64|data parameter was not specified");
  if (variables.size > 0) {
    const keys = [...variables.keys()].map((key) => `${key}=`).join(" ");
    throw new NbdError("EINVAL", `extra parameters passed and not using data='...': ${keys}`);
  }
  return { kind: "bytes", bytes: base64 === undefined ? Buffer.from(only) : parseBase64(only) };
}

function traceTree(data: Data, host: Host): void {
  if (!host.verbose || host.debugFlag("AST") === 0) return;
  for (const line of ["BEGIN AST (-D data.AST=1)", ...describe(data), "END AST"]) host.debug(line);
}
