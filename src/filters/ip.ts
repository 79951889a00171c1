import { defineFilter, type Filter } from "../contract/filter.ts";
import { list } from "../contract/parameter.ts";
import type { Client, Host } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { parseRules, type Rule } from "./ip/rules.ts";

interface State {
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
  /** A rule asks for the client's certificate, which is known only after the upgrade to TLS. */
  readonly needsTls: boolean;
  readonly host: Host;
}

/** Accepts or refuses clients by address, process, user or certificate: nbdkit-ip-filter(1). */
const ip: Filter = defineFilter({
  name: "ip",
  longname: "nbdkit ip filter",
  parameters: {
    allow: list(parseRules, {
      default: [],
      placeholder: "RULE[,RULE...]",
      help: "Clients to accept; checked before deny",
    }),
    deny: list(parseRules, {
      default: [],
      placeholder: "RULE[,RULE...]",
      help: "Clients to refuse, unless allow accepts them",
    }),
  },
  debugFlags: ["rules"],
  configComplete(values, host): State {
    const [allow, deny] = [values.allow.flat(), values.deny.flat()];
    const needsTls = [...allow, ...deny].some((rule) => rule.needsTls);
    const state = { allow, deny, needsTls, host };
    traceRules(state);
    return state;
  },
  preconnect(state, client) {
    if (!state.needsTls) check(state, client);
  },
  listExports(next, state, request) {
    checkLate(state, request);
    return next(request);
  },
  defaultExport(next, state, request) {
    checkLate(state, request);
    return next(request);
  },
  openNext(next, state, request) {
    checkLate(state, request);
    return next(request);
  },
});
export default ip;

function checkLate(state: State, client: Client): void {
  if (state.needsTls) check(state, client);
}

function check({ allow, deny, host }: State, client: Client): void {
  // When the system does not provide what a rule asks for, an allow rule does not match and a deny rule
  // matches.
  const matches = (name: string, rules: readonly Rule[], unknown: boolean): boolean =>
    rules.some((rule) => {
      const found = rule.matches(client) ?? unknown;
      if (host.debugFlag("rules") > 0) {
        host.debug(`ip: match client with ${name}=${rule.text} => ${found ? "yes" : "no"}`);
      }
      return found;
    });
  if (matches("allow", allow, false) || !matches("deny", deny, true)) return;
  throw new NbdError("EPERM", "client not permitted to connect because of source address restriction");
}

function traceRules({ allow, deny, host }: State): void {
  if (host.debugFlag("rules") === 0) return;
  for (const { text } of allow) host.debug(`ip: parsed allow=${text}`);
  for (const { text } of deny) host.debug(`ip: parsed deny=${text}`);
}
