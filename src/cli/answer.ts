import type { Components } from "../registry/assemble.ts";
import type { Launch } from "../server/launch.ts";
import { configText, helpText, longOptionsText, pluginText, shortOptionsText, versionText } from "./dump.ts";
import type { Invocation } from "./invocation.ts";
import { loadNamed } from "./load.ts";

/** The text that answers a question such as --version; serving is no question. */
export async function answer(invocation: Invocation, launch: Launch): Promise<string> {
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
      return pluginText(await loadNamed(invocation));
    case "serve":
      throw new TypeError("serving has no answer");
  }
}

/** Without a plugin the question is about nbdkit itself. */
async function namedComponents(invocation: Invocation): Promise<Components | undefined> {
  return invocation.plugin === undefined ? undefined : loadNamed(invocation);
}
