import { must } from "../core/assert.ts";
import { buildChain, type Components } from "../registry/assemble.ts";
import { openErrorSink } from "../server/error-sink.ts";
import type { Launch } from "../server/launch.ts";
import { ServerLog } from "../server/log.ts";
import { configure } from "../server/settings.ts";
import { configText, longOptionsText, pluginText, shortOptionsText, versionText } from "./dump.ts";
import type { Invocation } from "./invocation.ts";
import { loadNamed } from "./load.ts";
import { settingsOf } from "./parameters.ts";
import { programName } from "./program-name.ts";

/**
 * Returns the output of --help, --version and the other actions that print a text. Call it for all actions
 * but "serve".
 */
export async function answer(invocation: Invocation, launch: Launch): Promise<string> {
  await heedParent(invocation, launch);
  switch (invocation.action) {
    case "longOptions":
      return longOptionsText();
    case "shortOptions":
      return shortOptionsText();
    case "dumpConfig":
      return configText(launch);
    case "help": {
      const { helpText } = await import("./help.ts");
      return helpText(await namedComponents(invocation));
    }
    case "version":
      return versionText(await namedComponents(invocation));
    case "dumpPlugin":
      return dumpPlugin(invocation);
    case "newPlugin": {
      const { newPlugin } = await import("./new-plugin.ts");
      return newPlugin(must(invocation.newPlugin));
    }
    case "serve":
      throw new TypeError('the action "serve" prints no text');
  }
}

/** Loaded only when needed: loading takes 1 to 2 ms, and programs wait for the output. */
async function catchSignals(): Promise<void> {
  const { Signals } = await import("../server/signals.ts");
  new Signals();
}

async function heedParent(invocation: Invocation, launch: Launch): Promise<void> {
  if (!invocation.exitWithParent && !launch.armed) return;
  const parent = await import("./parent.ts");
  parent.heedParent(invocation, launch);
}

/**
 * Plugins that need clean-up also when they do not serve: they create a folder for scripts, and run
 * processes.
 */
const scriptPlugins: readonly string[] = ["sh", "eval"];

/**
 * Passes the parameters to the plugin first: the callbacks of a script are known only when its path is known.
 */
async function dumpPlugin(invocation: Invocation): Promise<string> {
  const components = await loadNamed(invocation);
  if (scriptPlugins.includes(components.plugin.definition.name)) await catchSignals();
  const errors = openErrorSink("stderr", programName(invocation.name));
  const log = new ServerLog({ verbose: invocation.verbose, program: programName(invocation.name), errors });
  const { debugFlags, name } = invocation;
  const chain = buildChain(components, {
    log,
    ...(name === undefined ? {} : { name }),
    debugFlags,
    stdioSafe: true,
    shutdown: () => {},
  });
  configure(chain, settingsOf(invocation.parameters));
  return pluginText(components, chain);
}

/** Returns undefined without a plugin: then the output describes nbdkit itself. */
async function namedComponents(invocation: Invocation): Promise<Components | undefined> {
  return invocation.plugin === undefined ? undefined : loadNamed(invocation);
}
