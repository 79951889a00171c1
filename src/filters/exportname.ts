import { checkString } from "../contract/export-strings.ts";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, choice, list, type Parameter, text } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { scriptDescription } from "./exportname/script.ts";

/** Computes a description from the export name and the description of the next layer. */
type Describe = (name: string, before: string | undefined) => Promise<string | undefined>;

const keep: Describe = async (_name, before) => before;

/** Changes the export names that clients see and may open: nbdkit-exportname-filter(1). */
const exportname: Filter = defineFilter({
  name: "exportname",
  longname: "nbdkit exportname filter",
  parameters: {
    "default-export": text({
      placeholder: "NAME",
      defaultText: "that of the plugin",
      help: "The export that a client gets when it asks for the empty name",
      aliases: ["default_export"],
    }),
    "exportname-list": choice(["keep", "error", "empty", "defaultonly", "default-only", "explicit"], {
      default: "keep",
      placeholder: "MODE",
      help: "The list that clients see: keep, error, empty, defaultonly, or explicit for the names of exportname=",
      aliases: ["exportname_list"],
    }),
    "exportname-strict": boolean({
      default: false,
      help: "Refuse names that are not given by exportname=",
      aliases: ["exportname_strict"],
    }),
    exportname: list((name) => checkString("exportname", name), {
      default: [],
      placeholder: "NAME",
      help: "A name to list",
    }),
    exportdesc: describedBy("The descriptions of exports; a script gets the export name in $name"),
  },
  async listExports(next, values, request, onlyDefault) {
    const { "exportname-list": mode, exportname: names, exportdesc: describe } = values;
    if (mode === "error") throw new NbdError("EPERM", "export list restricted by policy");
    if (mode === "empty") return [];
    if (mode === "defaultonly" || mode === "default-only") return onlyDefault(request);
    const listed = mode === "explicit" ? names.map((name) => ({ name })) : await next(request);
    return Promise.all(
      listed.map(async ({ name, description: before }: { name: string; description?: string }) => {
        const description = await describe(name, before);
        return description === undefined ? { name } : { name, description };
      }),
    );
  },
  defaultExport(next, values, request) {
    checkName("", values);
    const { "default-export": name, "exportname-strict": isStrict } = values;
    // In strict mode the default name of the next layer may not be allowed. checkName allowed "", which also
    // opens the default export there.
    return name ?? (isStrict ? "" : next(request));
  },
  openNext(next, values, request) {
    checkName(request.exportName, values);
    return next(request);
  },
  async open(next, { exportdesc: describe }, { exportName }) {
    return describe === keep ? {} : { description: await describe(exportName, next.description) };
  },
});
export default exportname;

function checkName(
  name: string,
  values: { readonly "exportname-strict": boolean; readonly exportname: readonly string[] },
): void {
  if (!values["exportname-strict"] || values.exportname.includes(name)) return;
  throw new NbdError(
    "ENOENT",
    `export '${name}' not found: exportname-strict allows only the names of exportname=`,
  );
}

function describedBy(help: string): Parameter<Describe> & { readonly default: Describe } {
  const parse = (mode: string, key: string): Describe => {
    if (mode === "keep") return keep;
    if (mode === "none") return async () => undefined;
    const [, kind, rest = ""] = /^(fixed|script):(.*)$/s.exec(mode) ?? [];
    if (kind === "fixed") return async () => rest;
    if (kind === "script") return (name) => scriptDescription(rest, name);
    throw new NbdError(
      "EINVAL",
      `unrecognized ${key} mode: ${mode}: use keep, none, fixed:STRING or script:SCRIPT`,
    );
  };
  const accepts = "keep, none, fixed:STRING or script:SCRIPT";
  return { parse, placeholder: "MODE", accepts, default: keep, format: () => "keep", help };
}
