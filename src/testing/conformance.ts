import { messageOf } from "../core/errors.ts";
import { anySequence, type WithServer } from "./any-sequence.ts";
import { Model, windowsOf } from "./model.ts";
import { TestServer } from "./server.ts";
import { severalClientsClaims } from "./several-clients.ts";
import { singleClientClaims } from "./single-client.ts";
import type { SessionOptions, Subject } from "./subject.ts";
import { checkSubject } from "./subject-shape.ts";

/** One thing that is owed to clients. */
export interface Check {
  /** A sentence: what holds for a plugin or filter that passes. */
  readonly name: string;
  /** Rejects with the reason when it does not hold. */
  run(): Promise<void>;
}

/**
 * What every plugin and filter owes to its clients, as checks for any test runner. They run the chain as the server does, with
 * several connections, lent buffers and the concurrency that its thread model allows, but without a server and sockets:
 *
 * ```ts
 * for (const { name, run } of conformanceChecks({ plugin, parameters: { size: "1M" } })) it(name, run);
 * ```
 *
 * What a disk cannot do is not asked of it, and what several connections share only where it claims `multiConn`. Of large disks
 * the first and the last bytes are looked at. A filter is tried over the plugin as it is, and over the same plugin answering late
 * and in any order. A single handle is checked as `{ plugin: definePlugin({ name: "x", open: () => handle }) }`.
 *
 * @param subject the plugin, the filters over it, and how they are to be tried
 * @returns the checks; `run` rejects with an error whose message names the mistake and ends with the seed
 */
export function conformanceChecks(subject: Subject): readonly Check[] {
  checkSubject(subject);
  const { writes = "kept", runs = 50, seed: firstSeed = 0, connections = 2 } = subject;
  const paces = (subject.filters ?? []).length === 0 ? [false] : [false, true];
  const withServer = (slow: boolean, seed: number): ((body: Body) => Promise<void>) => {
    const options = { ...subject, parameters: parametersOf(subject) };
    return (body) => TestServer.use(options, { seed, slow, connections }, body);
  };
  const atEachPace = async (body: Body): Promise<void> => {
    for (const slow of paces) await withServer(slow, firstSeed)(body);
  };
  const check = (name: string, run: () => Promise<void>): Check => ({
    name,
    run: () => run().catch((error) => Promise.reject(withSeed(error, firstSeed))),
  });
  const inTurn: WithServer = (seed, body) => withServer(paces[seed % paces.length]!, seed)(body);
  const seeds = Array.from({ length: runs }, (_, index) => firstSeed + index);
  return [
    ...Object.entries(singleClientClaims).map(([name, claim]) =>
      check(name, () =>
        atEachPace(async (server) => {
          const client = await server.connect();
          for (const window of windowsOf(client, windowBytes))
            await claim(client, await Model.of(client, window, writes));
        }),
      ),
    ),
    ...Object.entries(severalClientsClaims).map(([name, claim]) =>
      check(name, () => atEachPace((server) => claim(server, writes))),
    ),
    check("the disk behaves like an array of bytes under any sequence of requests", () =>
      anySequence(inTurn, writes, seeds),
    ),
  ];
}

type Body = (server: TestServer) => Promise<void>;

/** Bytes of each end of the disk; more than two blocks of 64 KiB. */
const windowBytes = 144 * 1024;

function parametersOf({ parameters = {} }: Subject): SessionOptions["parameters"] {
  return typeof parameters === "function" ? parameters() : parameters;
}

function withSeed(error: unknown, seed: number): Error {
  return new Error(`${messageOf(error)} (seed ${seed})`, { cause: error });
}
