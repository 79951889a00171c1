import type { Handle } from "../contract/handle.ts";
import type { ListRequest, Plugin, ThreadModel } from "../contract/plugin.ts";
import { threadModels } from "../contract/plugin.ts";
import { type Caller, knownStatusMax } from "./caller.ts";
import { firstExport, parseExports } from "./exports.ts";
import { openScript } from "./script-handle.ts";

/** The state of a configured script plugin. */
export interface ScriptState {
  readonly caller: Caller;
  readonly threadModel: ThreadModel;
}

/**
 * The functions that the plugins sh and eval share. The plugins differ only in where the script of a method
 * comes from.
 */
export const scriptMethods: Required<
  Pick<
    Plugin<never, ScriptState>,
    "provides" | "getReady" | "afterFork" | "preconnect" | "listExports" | "defaultExport" | "open" | "unload"
  >
> & { readonly threadModel: (state: ScriptState) => ThreadModel } = {
  provides: [
    "close",
    "description",
    "blockSize",
    "write",
    "flush",
    "rotational",
    "trim",
    "zero",
    "fastZero",
    "extents",
    "nativeFua",
    "multiConn",
    "cache",
  ] satisfies (keyof Handle)[],
  threadModel: ({ threadModel }) => threadModel,
  getReady: async ({ caller }) => void (await caller.call("get_ready")),
  afterFork: async ({ caller }) => void (await caller.call("after_fork")),
  preconnect: async ({ caller }, client) =>
    void (await caller.call("preconnect", [String(client.readOnly)], { client })),
  listExports: async (state, request) => {
    const output = await state.caller.call("list_exports", questionArgs(request), { client: request });
    return output && parseExports(output.toString());
  },
  defaultExport,
  open: ({ caller }, request) => openScript(caller, request),
  async unload({ caller }) {
    // Only log a failure: the server is stopping, so it affects no client.
    await caller.call("unload").catch((error: Error) => caller.host.debug(error.message));
    caller.dispose();
  },
};

async function defaultExport({ caller }: ScriptState, request: ListRequest): Promise<string> {
  const output = await caller.call("default_export", questionArgs(request), { client: request });
  return output === undefined ? "" : firstExport(output.toString());
}

function questionArgs({ readOnly, tls }: ListRequest): readonly string[] {
  return [String(readOnly), String(tls)];
}

/** Completes the configuration, after the script has received all its parameters. */
export async function completeScript(caller: Caller): Promise<ScriptState> {
  await caller.call("config_complete");
  return { caller, threadModel: await askThreadModel(caller) };
}

/** Calls the method thread_model. The default is one call at a time, as in nbdkit. */
async function askThreadModel(caller: Caller): Promise<ThreadModel> {
  const text = (await caller.text("thread_model"))?.toLowerCase().replaceAll("-", "_");
  const model = threadModels.find((name) => name === text);
  if (model === undefined && text !== undefined)
    caller.host.debug(`ignoring unrecognized thread model: ${text}`);
  return model ?? "serialize_all_requests";
}

/**
 * The lines of --dump-plugin; `caller` is undefined when the command line names no script
 * (nbdkit-probing(1)).
 */
export async function dumpScript(caller: Caller | undefined): Promise<Record<string, string>> {
  const known = { max_known_status: String(knownStatusMax) };
  if (caller === undefined) return known;
  const thread_model = await askThreadModel(caller);
  const lines = ((await caller.text("dump_plugin")) ?? "").split("\n");
  const printed = lines.flatMap((line) => [...line.matchAll(/^([^=]+)=(.*)$/g)]);
  return {
    thread_model,
    ...known,
    ...Object.fromEntries(printed.map(([, key = "", value = ""]) => [key, value])),
  };
}
