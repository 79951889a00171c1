import type { Parameter } from "../../contract/parameter.ts";
import { parseBoolean } from "../../core/values.ts";

/** "on" encrypts if the remote server supports TLS, else continues without encryption. */
export type TlsMode = "off" | "on" | "require";

/** The parameter tls=, in all spellings that nbdkit accepts. */
export const tlsMode: Parameter<TlsMode> = {
  placeholder: "off|on|require",
  words: ["off", "on", "require"],
  defaultText: "on if there are other tls- parameters, else off",
  help: "Whether to encrypt: never, if the server can, or always",
  parse(text) {
    if (["require", "required", "force"].includes(text.toLowerCase())) return "require";
    return parseBoolean(text) ? "on" : "off";
  },
};
