import { defineFilter, type Filter } from "../contract/filter.ts";
import { list } from "../contract/parameter.ts";
import type { Client, Host } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { parseRules, type Rule } from "./ip/rules.ts";

interface State {
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
  /** Who a client is by its certificate is known only when it has upgraded to TLS. */
  readonly needsTls: boolean;
  readonly host: Host;
}

/** Lets clients in by where they come from and who they are: nbdkit-ip-filter(1). */
const ip: Filter = defineFilter({
  name: "ip",
  longname: "nbdkit ip filter",
  parameters: {
    allow: list(parseRules, {
      default: [],
      placeholder: "RULE[,RULE...]",
      help: "Clients to let in, before anything else is asked",
    }),
    deny: list(parseRules, {
      default: [],
      placeholder: "RULE[,RULE...]",
      help: "Clients to keep out, unless they are let in by allow",
    }),
  },
  debugFlags: ["rules"],
  configComplete(values, host): State {
    const [allow, deny] = [values.allow.flat(), values.deny.flat()];
    const needsTls = [...allow, ...deny].some((rule) => rule.needsTls);
    const state = { allow, deny, needsTls, host };
    tellRules(state);
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
  // A client about whom the system does not tell what a rule asks is not let in by it, but kept out.
  const matches = (name: string, rules: readonly Rule[], unknown: boolean): boolean =>
    rules.some((rule) => {
      const found = rule.matches(client) ?? unknown;
      if (host.debugFlag("rules") > 0) {
        host.debug(`ip: match source with ${name}=${rule.text} => ${found ? "yes" : "no"}`);
      }
      return found;
    });
  if (matches("allow", allow, false) || !matches("deny", deny, true)) return;
  throw new NbdError("EPERM", "client not permitted to connect because of source address restriction");
}

function tellRules({ allow, deny, host }: State): void {
  if (host.debugFlag("rules") === 0) return;
  for (const { text } of allow) host.debug(`ip: parsed allow=${text}`);
  for (const { text } of deny) host.debug(`ip: parsed deny=${text}`);
}
