import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { definePlugin, text } from "nbdkit-node/plugin";

/**
 * Prints on stderr the requests of each client and its names. Where a file to wait for is given, closing
 * waits for the file.
 */
const say = (what, details) => void process.stderr.write(`fake: ${what} ${JSON.stringify(details)}\n`);

export default definePlugin({
  name: "fake",
  parameters: { release: text({ help: "Close only when this file is there" }) },
  listExports: (_values, { tls }) => {
    say("list", { tls });
    return [{ name: "secret-name", description: "secret-description" }];
  },
  open({ release }, { exportName, tls, tlsDn, tlsIssuerDn }) {
    say("open", { exportName, tls, tlsDn, tlsIssuerDn });
    return {
      size: 1048576n,
      read: (into) => void into.fill(7),
      async close() {
        while (release !== undefined && !existsSync(release)) await setTimeout(5);
        say("close", { exportName, tls });
      },
    };
  },
});
