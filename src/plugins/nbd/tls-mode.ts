import type { Parameter } from "../../contract/parameter.ts";
import { parseBoolean } from "../../core/values.ts";

/** "on" encrypts if the remote server supports TLS, else continues without encryption. */
export type TlsMode = "off" | "on" | "require";

/** The parameter tls=, in all spellings that nbdkit accepts. */
export const tlsMode: Parameter<TlsMode> = {
  placeholder: "off|on|require",
  help: "Whether to encrypt: never, if the server can, or always; on if there are other tls- parameters",
  parse(text) {
    if (["require", "required", "force"].includes(text.toLowerCase())) return "require";
    return parseBoolean(text) ? "on" : "off";
  },
};
