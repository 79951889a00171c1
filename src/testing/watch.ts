import { setImmediate } from "node:timers/promises";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Random } from "./random.ts";
import { expectNothing, type Pace, WatchedHandle } from "./watched-handle.ts";
import { withMembers } from "./with-members.ts";

/**
 * Watches the calls of filters to a plugin, and the results of plugins and filters, and collects the faults.
 */
export class Watch {
  readonly #complaints: Set<string> = new Set();
  readonly #handles: WatchedHandle[] = [];
  readonly #pace: Pace | undefined;

  /** @param random makes the plugin slow: it answers late, and answers concurrent requests in any order */
  constructor(random?: Random) {
    this.#pace = random && ((call) => later(random, call));
  }

  get complaints(): readonly string[] {
    return [...this.#complaints];
  }

  /** Checks the handles after every client has disconnected. */
  checkClosed(): void {
    for (const { closed } of this.#handles)
      if (closed !== 1) this.#complain(`a handle was closed ${closed} times: each is closed once`);
  }

  plugin(plugin: AnyPlugin): AnyPlugin {
    const open = async (state: unknown, request: OpenRequest): Promise<Handle> => {
      const handle: unknown = await plugin.open(state, request);
      // Author code: its checks come later, in the server.
      if (!isObject(handle)) return handle as Handle;
      const { readOnly } = request;
      const watched = new WatchedHandle(plugin.name, handle as Handle, readOnly, (what) =>
        this.#complain(what),
      );
      this.#handles.push(watched);
      return watched.proxy(this.#pace);
    };
    return withMembers(plugin, { open });
  }

  filter(filter: AnyFilter): AnyFilter {
    const opens = filter.open?.bind(filter);
    if (opens === undefined) return filter;
    const open = async (next: Handle, state: unknown, request: OpenRequest): Promise<HandleChanges> => {
      const changes = await opens(next, state, request);
      if (typeof changes?.read !== "function") return changes;
      const { read } = changes;
      const complain = (what: string): void => this.#complain(what);
      const checked: typeof read = (...range) =>
        expectNothing(filter.name, read.apply(changes, range), complain);
      return withMembers(changes, { read: checked });
    };
    return withMembers(filter, { open });
  }

  #complain(what: string): void {
    this.#complaints.add(what);
  }
}

/** The chain refuses other values with an error. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Starts the call after some event-loop iterations, and answers after some more. */
async function later<T>(random: Random, call: () => MaybePromise<T>): Promise<T> {
  for (let iterations = random.below(3); iterations > 0; iterations--) await setImmediate();
  const answer = await call();
  for (let iterations = random.below(3); iterations > 0; iterations--) await setImmediate();
  return answer;
}
