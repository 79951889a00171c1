import type { Components } from "../registry/assemble.ts";

/** Debug flags of the server (nbdkit(1), "Server debug flags"). */
const serverFlags: readonly string[] = [
  "backend.controlpath",
  "backend.datapath",
  "environ",
  "tls.log",
  "tls.session",
];

/**
 * Returns a warning for each unknown -D flag. It is no error, because scripts share command lines between
 * plugins.
 */
export function debugFlagWarnings(
  { plugin, filters }: Components,
  flags: ReadonlyMap<string, number>,
): readonly string[] {
  const known = new Map<string, readonly string[]>([["nbdkit", serverFlags]]);
  for (const { definition } of [plugin, ...filters]) known.set(definition.name, definition.debugFlags ?? []);
  return [...flags.keys()].flatMap((flag) => {
    const [, name = "", rest = ""] = /^([^.]*)\.(.*)$/s.exec(flag) ?? [];
    const ofName = known.get(name);
    if (ofName === undefined) return `debug flag -D ${flag} was not used`;
    if (ofName.includes(rest)) return [];
    const others = ofName.length === 0 ? "it has none" : `it has ${ofName.join(", ")}`;
    return `-D ${flag}: ${name} does not contain a debug flag called ${rest}: ${others}`;
  });
}
