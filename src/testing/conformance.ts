import assert from "node:assert/strict";
import type { AnyPlugin } from "../backend/component.ts";
import type { Handle } from "../backend/handle.ts";
import type { ServedExport } from "../backend/served-export.ts";
import { claims } from "./claims.ts";
import { Model, pattern, type Writes, windowsOf } from "./model.ts";
import { Random } from "./random.ts";
import { Session, type SessionOptions } from "./session.ts";
import { randomSteps, runSteps, type Step, shorten } from "./steps.ts";

/** A plugin, with parameters and perhaps under filters, whose conduct is to be checked. */
export interface Subject extends Omit<SessionOptions, "parameters"> {
  /** Asked before each check; a function where each needs a disk of its own. Default none. */
  readonly parameters?: SessionOptions["parameters"] | (() => SessionOptions["parameters"]);
  /** What becomes of changes. Default "kept". */
  readonly writes?: Writes;
  /** How many random sequences of requests are tried. Default 50. */
  readonly runs?: number;
}

/** One thing that is owed to clients. */
export interface Check {
  readonly name: string;
  /** Rejects with the reason when it does not hold. */
  run(): Promise<void>;
}

/**
 * What every plugin and filter owes to its clients, seen from where the server stands: reads that agree with each
 * other however they are cut, changes that can be read back, extents that cover the range and tell the truth,
 * nothing changed for those who may only read, every handle closed once. Runs under any test runner:
 *
 * ```ts
 * for (const { name, run } of conformanceChecks({ plugin, parameters: { size: "1M" } })) it(name, run);
 * ```
 *
 * What a disk cannot do is not asked of it. Of large disks the first and the last bytes are looked at. A single
 * handle is checked as `{ plugin: definePlugin({ name: "x", open: () => handle }) }`.
 */
export function conformanceChecks(subject: Subject): readonly Check[] {
  const { writes = "kept" } = subject;
  const inSession: InSession = async (body, plugin = subject.plugin) => {
    const session = await Session.start({ ...subject, plugin, parameters: parametersOf(subject) });
    try {
      await body(session);
    } finally {
      await session.end();
    }
  };
  const withDisk = (body: (disk: ServedExport, model: Model) => Promise<void>): Promise<void> =>
    inSession(async (session) => {
      const disk = await session.open();
      for (const window of windowsOf(disk.size)) await body(disk, await Model.of(disk, window, writes));
    });
  return [
    ...Object.entries(claims).map(([name, claim]) => ({ name, run: () => withDisk(claim) })),
    {
      name: "behaves like an array of bytes under any sequence of requests",
      run: () => anySequence(inSession, writes, subject.runs ?? 50),
    },
    {
      name: "reads the same for a client that may only read, and lets it change nothing",
      run: () => readOnly(inSession, writes),
    },
    {
      name: "outlives a client that leaves, and shows its flushed writes to others",
      run: () => severalClients(inSession, writes),
    },
    { name: "closes each handle once", run: () => closesOnce(inSession, subject.plugin) },
  ];
}

/** No `await using`, which Node.js 20 cannot do in the contexts of `node:vm` where tests may run. */
type InSession = (body: (session: Session) => Promise<void>, plugin?: AnyPlugin) => Promise<void>;

function parametersOf({ parameters = {} }: Subject): SessionOptions["parameters"] {
  return typeof parameters === "function" ? parameters() : parameters;
}

async function anySequence(inSession: InSession, writes: Writes, runs: number): Promise<void> {
  const attempt = (steps: readonly Step[]): Promise<void> =>
    inSession(async (session) => {
      const disk = await session.open();
      for (const window of windowsOf(disk.size, 16 * 1024)) {
        await runSteps(disk, await Model.of(disk, window, writes), steps);
      }
    });
  const fails = (steps: readonly Step[]): Promise<boolean> =>
    attempt(steps).then(
      () => false,
      () => true,
    );
  for (let run = 0; run < runs; run++) {
    const steps = randomSteps(new Random(run));
    if (!(await fails(steps))) continue;
    const shortest = await shorten(steps, fails);
    const reason: unknown = await attempt(shortest).catch((error) => error);
    assert.fail(`${String(reason)}, after these requests: ${JSON.stringify(shortest)}`);
  }
}

function readOnly(inSession: InSession, writes: Writes): Promise<void> {
  return inSession(async (session) => {
    const disk = await session.open({ readOnly: true });
    assert.equal(disk.canWrite || disk.canTrim || disk.canZero || disk.canFua, false);
    const other = await session.open();
    assert.equal(other.size, disk.size);
    for (const window of windowsOf(disk.size)) {
      const model = await Model.of(disk, window, writes);
      if (disk.canMultiConn) await model.checkAll(other);
      await model.checkAll(disk);
    }
  });
}

function severalClients(inSession: InSession, writes: Writes): Promise<void> {
  return inSession(async (session) => {
    const [first, second] = [await session.open(), await session.open()];
    const [window] = windowsOf(first.size);
    const model = await Model.of(second, window!, writes);
    const shared = second.canMultiConn;
    if (first.canWrite && writes !== "refused") {
      // What the clients do not share is a model of the first alone.
      const written = shared ? model : await Model.of(first, window!, writes);
      await written.store(first, 0, pattern(window!.length, 5), false);
    }
    await first.flush();
    await session.close(first);
    await model.checkAll(second);
    assert.equal(second.size, first.size);
  });
}

async function closesOnce(inSession: InSession, plugin: AnyPlugin): Promise<void> {
  const open: Map<number, number> = new Map();
  const counting: AnyPlugin = {
    ...plugin,
    async open(state, request) {
      const handle: Handle = await plugin.open(state, request);
      const id = open.size;
      open.set(id, 0);
      const close = async (): Promise<void> => {
        open.set(id, open.get(id)! + 1);
        await handle.close?.();
      };
      // The handle keeps its own methods, whatever class it is of.
      return new Proxy(handle, {
        get(target, key) {
          if (key === "close") return close;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
  await inSession(async (session) => {
    const [first, second] = [await session.open(), await session.open({ readOnly: true })];
    await session.close(first);
    await second.read(Buffer.alloc(Math.min(512, Number(second.size))), 0n);
  }, counting);
  assert.deepEqual([...open.values()], [...open.values()].fill(1), "how often each handle was closed");
}
