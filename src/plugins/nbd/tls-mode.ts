import type { Parameter } from "../../contract/parameter.ts";
import { parseBoolean } from "../../core/values.ts";

/** "on" encrypts where the server can, and goes on in clear where it cannot. */
export type TlsMode = "off" | "on" | "require";

/** tls= in all the spellings that nbdkit takes. */
export const tlsMode: Parameter<TlsMode> = {
  placeholder: "off|on|require",
  help: "Whether to encrypt: not, if the server can, or always; on if there are other tls- parameters",
  parse(text) {
    if (["require", "required", "force"].includes(text.toLowerCase())) return "require";
    return parseBoolean(text) ? "on" : "off";
  },
};
