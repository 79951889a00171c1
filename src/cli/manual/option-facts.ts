import { formatDelay } from "../../core/values.ts";
import {
  busyPollRange,
  debugFlagRange,
  flagsMaskRange,
  tcpPortRange,
  threadsRange,
  timeoutRange,
} from "../../server/ranges.ts";
import { defaultPort } from "../../server/server-options.ts";
import { rootCertificatesDirectory } from "../../server/tls.ts";
import { parseArguments } from "../arguments.ts";
import type { OptionId } from "../option-table.ts";
import type { Facts } from "./facts.ts";

/** The values of an empty command line. */
const defaults = parseArguments([]);

/** The default and the accepted values of each option that has a value. */
export const optionFacts: Readonly<Partial<Record<OptionId, Facts>>> = {
  busyPoll: {
    default: formatDelay(defaults.busyPollUs / 1000),
    accepts: delays(busyPollRange, 1000),
    unit: "seconds",
  },
  debug: {
    defaultText: "none",
    accepts: `N is ${debugFlagRange.min} to ${debugFlagRange.max}`,
    again: "added",
  },
  exportName: { default: defaults.exportName },
  filter: { defaultText: "none", again: "added" },
  group: { defaultText: "unchanged" },
  ipAddress: { defaultText: "all addresses" },
  log: { default: defaults.logTo },
  maskHandshake: { default: `0x${defaults.handshake.flagsMask.toString(16)}`, ...flagsMaskRange },
  name: { defaultText: "none" },
  newPlugin: { defaultText: "none" },
  pidfile: { defaultText: "none" },
  port: { default: String(defaultPort), ...tcpPortRange, accepts: "or the name of a service" },
  run: { defaultText: "none" },
  selinuxLabel: { defaultText: "none" },
  threads: { default: String(defaults.threads), ...threadsRange, accepts: "0 for the default" },
  timeout: {
    default: formatDelay(defaults.handshake.timeoutMs),
    accepts: `${delays(timeoutRange)}, 0 for no limit`,
    unit: "seconds",
  },
  tls: { defaultText: "on if there are certificates, else off" },
  tlsCertificates: {
    defaultText: `~/.pki/nbdkit or ~/.config/pki/nbdkit; for root ${rootCertificatesDirectory}`,
  },
  tlsPriority: { defaultText: "what OpenSSL allows" },
  tlsPsk: { defaultText: "none" },
  unix: { defaultText: "- with --run, else none" },
  user: { defaultText: "unchanged" },
};

/** @param perMs the number of units of the range in a millisecond */
function delays({ min, max }: { readonly min: number; readonly max: number }, perMs = 1): string {
  return `${formatDelay(min / perMs)} to ${formatDelay(max / perMs)}`;
}
