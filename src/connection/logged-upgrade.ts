import { must } from "../core/assert.ts";
import type { Log } from "../core/log.ts";
import type { Upgrade } from "../transport/upgrade.ts";
import type { SessionTls } from "./setup.ts";

/** The upgrade of a connection to TLS, which logs its success and, where asked for, the TLS session. */
export function loggedUpgrade({ upgrade, logsSessions }: SessionTls, log: Log): Upgrade {
  return async (plain) => {
    const secure = await must(upgrade)(plain);
    log.debug("TLS handshake completed");
    if (logsSessions === true) for (const line of secure.session?.() ?? []) log.debug(line);
    return secure;
  };
}
