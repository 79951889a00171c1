import type { Filter } from "../contract/filter.ts";
import { type Parameter, secretPlaceholder } from "../contract/parameter.ts";
import { type Host, type Plugin, type ThreadModel, threadModels } from "../contract/plugin.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { checkedThreadModel } from "./answers.ts";
import { failOnDeadlock } from "./fail-on-deadlock.ts";
import type { Trust } from "./guard.ts";

/** A plugin whose type parameters no longer matter: it receives only its own values and state. */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the component that made it
export type AnyPlugin = Plugin<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyFilter = Filter<any, any>;

/** One plugin or filter of a chain, with its configuration. */
export class Component<Kind extends AnyPlugin | AnyFilter = AnyPlugin | AnyFilter> {
  readonly definition: Kind;
  readonly host: Host;
  readonly trust: Trust;
  /** The values of the parameters that were given; `configComplete` adds the defaults. */
  readonly values: Record<string, unknown> = {};
  /** What `configComplete` returned; the values before that call, and where there is no `configComplete`. */
  state: unknown = this.values;
  #complete = false;

  constructor(definition: Kind, host: Host, trust: Trust = "none") {
    this.definition = definition;
    this.host = host;
    this.trust = trust;
  }

  /**
   * Sets a parameter.
   *
   * @returns false when the component does not declare the parameter
   */
  config(key: string, text: string): boolean {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    const name = this.#nameOf(key);
    const parameter = name === undefined ? undefined : parameters[name];
    if (name === undefined || parameter === undefined) return false;
    this.values[name] = parameter.parse(text, key, this.values[name]);
    return true;
  }

  /** Whether the value of the parameter must not be shown. */
  isSecret(key: string): boolean {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    return parameters[this.#nameOf(key) ?? key]?.placeholder === secretPlaceholder;
  }

  /**
   * Applies the defaults and completes the configuration.
   *
   * @throws NbdError EINVAL with a line for the user when a required parameter is missing
   */
  async configComplete(): Promise<void> {
    const parameters: Record<string, Parameter> = this.definition.parameters ?? {};
    for (const [key, parameter] of Object.entries(parameters)) {
      if (this.values[key] !== undefined) continue;
      if (parameter.default !== undefined) this.values[key] = parameter.default;
      else if (parameter.required === true) {
        throw new NbdError(
          "EINVAL",
          `you must specify ${key}=<${parameter.placeholder}> on the command line`,
        );
      }
    }
    if (this.definition.configComplete !== undefined) {
      const { name } = this.definition;
      const complete = this.definition.configComplete(this.values, this.host);
      this.state = await failOnDeadlock(`${name}'s configComplete`, complete);
    }
    this.#complete = true;
  }

  /**
   * The stricter of the component's own thread model and that of the layers below. Before the configuration
   * is complete, there is no state: the model then counts only if it can be computed without.
   */
  threadModelOver(below: ThreadModel): ThreadModel {
    const { name, threadModel: own = "parallel", configComplete } = this.definition;
    if (typeof own === "string") return stricter(below, checkedThreadModel(name, own));
    if (!this.#complete && configComplete !== undefined) return below;
    const state = this.#complete ? this.state : { ...this.#defaults, ...this.values };
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

  /**
   * Runs a step of the shutdown. An error is only logged, because the other components must run their step
   * too.
   */
  async quietly(step: "cleanup" | "unload"): Promise<void> {
    // A component that was never configured has nothing to clean up.
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
