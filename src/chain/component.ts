import type { Filter } from "../contract/filter.ts";
import { type Parameter, secretPlaceholder } from "../contract/parameter.ts";
import { type Host, type Plugin, type ThreadModel, threadModels } from "../contract/plugin.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { checkedThreadModel } from "./answers.ts";
import { failOnDeadlock } from "./fail-on-deadlock.ts";
import type { Trust } from "./guard.ts";

/** A plugin or a filter whose type parameters no longer matter: each meets only its own values and state. */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the component that made it
export type AnyPlugin = Plugin<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyFilter = Filter<any, any>;

/** One plugin or filter of a chain, with what it was configured with. */
export class Component<Kind extends AnyPlugin | AnyFilter = AnyPlugin | AnyFilter> {
  readonly definition: Kind;
  readonly host: Host;
  readonly trust: Trust;
  readonly #values: Record<string, unknown> = {};
  /** What `configComplete` returned; the values before that and for components without one. */
  state: unknown = this.#values;
  #complete = false;

  constructor(definition: Kind, host: Host, trust: Trust = "none") {
    this.definition = definition;
    this.host = host;
    this.trust = trust;
  }

  /** @returns false when the component knows no such parameter */
  config(key: string, text: string): boolean {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    const name = this.#nameOf(key);
    if (name === undefined) return false;
    this.#values[name] = parameters[name]!.parse(text, key, this.#values[name]);
    return true;
  }

  /** The value must not be shown to anybody. */
  isSecret(key: string): boolean {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    return parameters[this.#nameOf(key) ?? key]?.placeholder === secretPlaceholder;
  }

  /** @throws NbdError EINVAL with a line for the user when something required is missing */
  async configComplete(): Promise<void> {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    for (const [key, parameter] of Object.entries(parameters)) {
      if (this.#values[key] !== undefined) continue;
      if (parameter.default !== undefined) this.#values[key] = parameter.default;
      else if (parameter.required === true) {
        throw new NbdError(
          "EINVAL",
          `you must specify ${key}=<${parameter.placeholder}> on the command line`,
        );
      }
    }
    if (this.definition.configComplete !== undefined) {
      const { name } = this.definition;
      const complete = this.definition.configComplete(this.#values, this.host);
      this.state = await failOnDeadlock(`${name}'s configComplete`, complete);
    }
    this.#complete = true;
  }

  /**
   * What it bears, and what lies below it. Before the configuration is complete, that is told as far as it is known
   * without the state.
   */
  threadModelOver(below: ThreadModel): ThreadModel {
    const { name, threadModel: own = "parallel", configComplete } = this.definition;
    if (typeof own === "string") return stricter(below, checkedThreadModel(name, own));
    if (!this.#complete && configComplete !== undefined) return below;
    const state = this.#complete ? this.state : { ...this.#defaults, ...this.#values };
    return stricter(below, checkedThreadModel(name, own(state, below)));
  }

  get #defaults(): Record<string, unknown> {
    const parameters = Object.entries<Parameter>(this.definition.parameters ?? {});
    return Object.fromEntries(parameters.map(([key, parameter]) => [key, parameter.default]));
  }

  #nameOf(key: string): string | undefined {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    if (Object.hasOwn(parameters, key)) return key;
    const known = Object.entries(parameters).find(([, { aliases }]) => aliases?.includes(key));
    return known?.[0] ?? this.#catchAllKey;
  }

  get #catchAllKey(): string | undefined {
    return "catchAllKey" in this.definition ? this.definition.catchAllKey : undefined;
  }

  /** Runs a step of the end; the others must have their turn too, so an error is only reported. */
  async quietly(step: "cleanup" | "unload"): Promise<void> {
    // What was never set up has nothing to clean up.
    if (!this.#complete) return;
    try {
      await failOnDeadlock(this.definition.name, this.definition[step]?.(this.state));
    } catch (error) {
      this.host.error(`${step}: ${messageOf(error)}`);
    }
  }
}

function stricter(one: ThreadModel, other: ThreadModel): ThreadModel {
  return threadModels.indexOf(one) < threadModels.indexOf(other) ? one : other;
}
