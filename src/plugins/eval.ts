import { once, type Parameter, text } from "../contract/parameter.ts";
import { definePlugin, type Host, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { Caller, type Command } from "../script/caller.ts";
import { completeScript, dumpScript, type ScriptState, scriptMethods } from "../script/methods.ts";

const methods = [
  "after_fork",
  "block_size",
  "cache",
  "can_cache",
  "can_extents",
  "can_fast_zero",
  "can_flush",
  "can_fua",
  "can_multi_conn",
  "can_trim",
  "can_write",
  "can_zero",
  "close",
  "config",
  "config_complete",
  "default_export",
  "dump_plugin",
  "export_description",
  "extents",
  "flush",
  "get_ready",
  "get_size",
  "is_rotational",
  "list_exports",
  "open",
  "pread",
  "preconnect",
  "pwrite",
  "thread_model",
  "trim",
  "unload",
  "zero",
] as const;

/** The default script of a `can_` method when the method that it is about exists: its existence means yes. */
const implied: Readonly<Record<string, readonly [from: string, script: string]>> = {
  can_write: ["pwrite", "exit 0"],
  can_flush: ["flush", "exit 0"],
  can_trim: ["trim", "exit 0"],
  can_zero: ["zero", "exit 0"],
  can_extents: ["extents", "exit 0"],
  can_cache: ["cache", "echo native"],
};

type Given = readonly (readonly [key: string, value: string])[];

const others: Parameter<Given> = {
  parse: (value, key, before = []) => [...before, [key, value]],
  placeholder: "VALUE",
  help: "Any other parameter is for the method config",
  default: [],
  again: "added",
};

/** The values of the parameters, which are made from a list: TypeScript knows no type of each. */
type Values = Readonly<Record<string, unknown>>;

/** A plugin whose methods are shell scripts on the command line (nbdkit-eval-plugin(1)). */
const evaluate: Plugin = definePlugin<Record<string, Parameter>, ScriptState>({
  ...scriptMethods,
  name: "eval",
  longname: "nbdkit eval plugin",
  description: "A disk whose methods are shell scripts on the command line",
  parameters: {
    ...Object.fromEntries(
      methods.map((method) => [method, script("that of missing=", `Script for the method ${method}`)]),
    ),
    missing: script("none", "Script for all methods that are not given"),
    KEY: others,
  },
  catchAllKey: "KEY",
  async dumpPlugin(values, host) {
    const caller = start(values, host);
    try {
      return await dumpScript(caller);
    } finally {
      caller.dispose();
    }
  },
  async configComplete(values, host) {
    const caller = start(values, host);
    try {
      // The parameter KEY makes this type.
      const { KEY: given = [] } = values as { readonly KEY?: Given };
      for (const [key, value] of given) await configure(caller, key, value);
      return await completeScript(caller);
    } catch (error) {
      caller.dispose();
      throw error;
    }
  },
});

export default evaluate;

function script(defaultText: string, help: string): Parameter<string> {
  return once(
    text({ placeholder: "SCRIPT", defaultText, help }),
    (key) => `method ${key} defined more than once on the command line`,
  );
}

function start(values: Values, host: Host): Caller {
  return new Caller(host, (method) => {
    const text = scriptFor(method, values);
    return text === undefined ? undefined : shellCommand(method, text);
  });
}

function scriptFor(method: string, values: Values): string | undefined {
  const [from, script] = implied[method] ?? [];
  const text = values[method] ?? (from !== undefined && values[from] !== undefined ? script : values.missing);
  return typeof text === "string" ? text : undefined;
}

/** Runs a script with the arguments that a script file gets. $0 and $1 are both the name of the method. */
function shellCommand(method: string, script: string): Command {
  return { name: method, program: "/bin/sh", args: ["-c", script, method] };
}

async function configure(caller: Caller, key: string, value: string): Promise<void> {
  if ((await caller.call("config", [key, value])) !== undefined) return;
  throw new NbdError(
    "EINVAL",
    `callback '${key}' is unknown, and there is no 'config' callback to handle it`,
  );
}
