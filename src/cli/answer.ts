import { buildChain, type Components } from "../registry/assemble.ts";
import { openErrorSink } from "../server/error-sink.ts";
import type { Launch } from "../server/launch.ts";
import { ServerLog } from "../server/log.ts";
import { Signals } from "../server/signals.ts";
import { configText, helpText, longOptionsText, pluginText, shortOptionsText, versionText } from "./dump.ts";
import type { Invocation } from "./invocation.ts";
import { loadNamed } from "./load.ts";
import { configure } from "./parameters.ts";
import { heedParent } from "./parent.ts";
import { programName } from "./program-name.ts";

/** The text that answers a question such as --version; serving is no question. */
export async function answer(invocation: Invocation, launch: Launch): Promise<string> {
  // A script that is asked has a folder of its own.
  if (invocation.action === "dumpPlugin") new Signals();
  heedParent(invocation, launch);
  switch (invocation.action) {
    case "longOptions":
      return longOptionsText();
    case "shortOptions":
      return shortOptionsText();
    case "dumpConfig":
      return configText(launch);
    case "help":
      return helpText(await namedComponents(invocation));
    case "version":
      return versionText(await namedComponents(invocation));
    case "dumpPlugin":
      return dumpPlugin(invocation);
    case "newPlugin": {
      const { newPlugin } = await import("./new-plugin.ts");
      return newPlugin(invocation.newPlugin!);
    }
    case "serve":
      throw new TypeError("serving has no answer");
  }
}

/** Parameters count, because what a script can do is known only when it is named. */
async function dumpPlugin(invocation: Invocation): Promise<string> {
  const components = await loadNamed(invocation);
  const errors = openErrorSink("stderr", programName(invocation.name));
  const log = new ServerLog({ verbose: invocation.verbose, program: programName(invocation.name), errors });
  const { debugFlags } = invocation;
  const chain = buildChain(components, { log, debugFlags, stdioSafe: true, shutdown: () => {} });
  configure(chain, invocation.parameters);
  return pluginText(components, chain);
}

/** Without a plugin the question is about nbdkit itself. */
async function namedComponents(invocation: Invocation): Promise<Components | undefined> {
  return invocation.plugin === undefined ? undefined : loadNamed(invocation);
}
