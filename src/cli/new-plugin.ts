import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fullPath } from "../contract/path.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { packageVersion } from "../core/version.ts";
import { templateFiles } from "../installation/package.ts";

/** Placeholders in the templates: the name of the plugin, and the version of this package. */
const nameMark = /PLUGIN_NAME/g;
const versionMark = /NBDKIT_NODE_VERSION/g;

/**
 * --new-plugin DIR: creates a folder with a template plugin, its tests and its package.json.
 * @returns the message for the user
 * @throws NbdError when the folder exists and is not empty, or cannot be created
 */
export function newPlugin(folder: string): string {
  const path = fullPath(folder);
  const name = pluginName(basename(path));
  try {
    mkdirSync(path, { recursive: true });
    if (readdirSync(path).length > 0) throw new NbdError("EEXIST", "it is not empty: name a new folder");
    for (const [file, text] of templateFiles("plugin")) {
      const filled = text.replace(nameMark, name).replace(versionMark, packageVersion);
      // Exclusive: do not write through a symbolic link that another user may have created meanwhile.
      writeFileSync(join(path, file), filled, { flag: "wx" });
    }
  } catch (error) {
    throw new NbdError("EIO", `--new-plugin: cannot make ${folder}: ${messageOf(error)}`, { cause: error });
  }
  return `made ${folder}: next, cd ${folder} && npm install && npm test && nbdkit ./index.js 1M\n`;
}

/** Returns the plugin's name NAME from the folder's name nbdkit-NAME-plugin. */
function pluginName(folder: string): string {
  const [, name = ""] = /^(?:nbdkit-)?(.*?)(?:-plugin)?$/.exec(folder) ?? [];
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  throw new NbdError(
    "EINVAL",
    `--new-plugin: a plugin cannot be called "${name}": use a folder such as nbdkit-NAME-plugin, with letters a to z, digits and dashes`,
  );
}
