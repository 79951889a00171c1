import { setImmediate } from "node:timers/promises";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { Handle, HandleChanges } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Random } from "./random.ts";
import { expectNothing, type Pace, WatchedHandle } from "./watched-handle.ts";
import { withMembers } from "./with-members.ts";

/** Looks at what filters ask of a plugin, and at what plugins and filters return, and keeps what is wrong of it. */
export class Watch {
  readonly #complaints: Set<string> = new Set();
  readonly #handles: WatchedHandle[] = [];
  readonly #pace: Pace | undefined;

  /** @param random makes the plugin slow: it answers later, and requests that are under way at once in any order */
  constructor(random?: Random) {
    this.#pace = random && ((call) => later(random, call));
  }

  get complaints(): readonly string[] {
    return [...this.#complaints];
  }

  /** When every client has gone. */
  checkClosed(): void {
    for (const { closed } of this.#handles)
      if (closed !== 1) this.#complain(`a handle was closed ${closed} times: each is closed once`);
  }

  plugin(plugin: AnyPlugin): AnyPlugin {
    const open = async (state: unknown, request: OpenRequest): Promise<Handle> => {
      const handle: unknown = await plugin.open(state, request);
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
    if (filter.open === undefined) return filter;
    const open = async (next: Handle, state: unknown, request: OpenRequest): Promise<HandleChanges> => {
      const changes = await filter.open!(next, state, request);
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

/** The chain refuses anything else, and says why. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Performs the call after some turns of the event loop, and answers after some more. */
async function later<T>(random: Random, call: () => MaybePromise<T>): Promise<T> {
  for (let turns = random.below(3); turns > 0; turns--) await setImmediate();
  const answer = await call();
  for (let turns = random.below(3); turns > 0; turns--) await setImmediate();
  return answer;
}
