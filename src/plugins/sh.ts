import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Parameter } from "../contract/parameter.ts";
import { realPath } from "../contract/path.ts";
import { definePlugin, type Host, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { Caller, type Command } from "../script/caller.ts";
import { completeScript, dumpScript, type ScriptState, scriptMethods } from "../script/methods.ts";

/**
 * The parameters in the order of the command line, the script first. The script gets the others in this
 * order.
 */
type Given = readonly (readonly [key: string, value: string])[];

const script: Parameter<Given> & { readonly required: true } = {
  parse: (value, key, before = []) => [...before, [key, value]],
  placeholder: "FILENAME",
  required: true,
  again: "added",
  help: "The script or program to run, or - for a script on stdin; all other parameters are for it",
};

/** A plugin that calls a script or any other program for each method (nbdkit-sh-plugin(3)). */
const sh: Plugin = definePlugin<{ script: typeof script }, ScriptState>({
  ...scriptMethods,
  name: "sh",
  longname: "nbdkit shell, script or executable plugin",
  description: "A disk whose requests a script handles",
  parameters: { script },
  magicKey: "script",
  catchAllKey: "script",
  async dumpPlugin({ script: given }, host) {
    if (given === undefined) return dumpScript(undefined);
    const caller = await start(given, host);
    try {
      return await dumpScript(caller);
    } finally {
      caller.dispose();
    }
  },
  async configComplete({ script: given }, host) {
    const caller = await start(given, host);
    try {
      return await completeScript(caller);
    } catch (error) {
      caller.dispose();
      throw error;
    }
  },
});

export default sh;

/** Loads the script and passes the parameters to it. */
async function start([first, ...rest]: Given, host: Host): Promise<Caller> {
  if (first?.[0] !== "script") {
    throw new NbdError("EINVAL", "the first parameter must be script=/path/to/script");
  }
  let command: Command | undefined;
  const caller = new Caller(host, () => command);
  try {
    const path = first[1] === "-" ? inlineScript(caller.workspace.path, host) : realPath(first[1]);
    command = { name: path, program: path, args: [] };
    await caller.call("load");
    const magicKey = await caller.text("magic_config_key");
    for (const [key, value] of rest)
      await configure(caller, path, magicKeyed(key, value, path, magicKey), value);
    return caller;
  } catch (error) {
    caller.dispose();
    throw error;
  }
}

/** The key of a parameter. A bare value has the key `script`, and gets the script's magic key instead. */
function magicKeyed(key: string, value: string, path: string, magicKey: string | undefined): string {
  if (key !== "script") return key;
  if (magicKey !== undefined) return magicKey;
  throw new NbdError("EINVAL", `${path}: expecting key=value on the command line but got: ${value}`);
}

async function configure(caller: Caller, path: string, key: string, value: string): Promise<void> {
  if ((await caller.call("config", [key, value])) !== undefined) return;
  throw new NbdError(
    "EINVAL",
    `${path}: this plugin does not need command line configuration: ${key}=${value}`,
  );
}

/** Reads the script from stdin into a file in $tmpdir. A script without a `#!` line runs with /bin/sh. */
function inlineScript(folder: string, host: Host): string {
  if (!host.stdioSafe)
    throw new NbdError(
      "EINVAL",
      "sh -: the script cannot come from stdin, because -s uses stdin for the client: name a file",
    );
  const text = readFileSync(0);
  const path = join(folder, "inline-script.sh");
  const shebang = text.subarray(0, 2).toString() === "#!" ? "" : "#!/bin/sh\n";
  writeFileSync(path, Buffer.concat([Buffer.from(shebang), text]));
  chmodSync(path, 0o500);
  return path;
}
