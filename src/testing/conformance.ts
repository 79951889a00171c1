import { must } from "../core/assert.ts";
import { messageOf } from "../core/errors.ts";
import { anySequence, type WithServer } from "./any-sequence.ts";
import { Model, windowsOf } from "./model.ts";
import { TestServer } from "./server.ts";
import { severalClientsClaims } from "./several-clients.ts";
import { singleClientClaims } from "./single-client.ts";
import type { SessionOptions, Subject } from "./subject.ts";
import { checkSubject } from "./subject-shape.ts";

/** One rule that a plugin or filter must follow. */
export interface Check {
  /** A sentence that is true for a plugin or filter that passes. */
  readonly name: string;
  /** Runs the check. It rejects with the reason when the plugin or filter fails the check. */
  run(): Promise<void>;
}

/**
 * Returns checks of the rules that every plugin and filter must follow, for any test runner. The checks run
 * the chain as the server does, with several connections, borrowed buffers and the concurrency that its
 * thread model allows, but without a server and sockets:
 *
 * ```ts
 * for (const { name, run } of conformanceChecks({ plugin, parameters: { size: "1M" } })) it(name, run);
 * ```
 *
 * The checks skip abilities that the disk does not have, and sharing between connections where the disk does
 * not claim `multiConn`. On large disks, they use the first and the last bytes. A filter is checked twice:
 * over the plugin as it is, and over the same plugin answering late and in any order. To check a single
 * handle, pass `{ plugin: definePlugin({ name: "x", open: () => handle }) }`.
 *
 * @param subject the plugin, the filters over it, and options of the checks
 * @returns the checks; `run` rejects with an error whose message names the mistake and ends with the seed
 * @throws NbdError EINVAL for unknown or wrong options
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
  const inTurn: WithServer = (seed, body) => withServer(must(paces[seed % paces.length]), seed)(body);
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

/** The number of bytes at each end of the disk that checks use; more than two blocks of 64 KiB. */
const windowBytes = 144 * 1024;

function parametersOf({ parameters = {} }: Subject): SessionOptions["parameters"] {
  return typeof parameters === "function" ? parameters() : parameters;
}

function withSeed(error: unknown, seed: number): Error {
  return new Error(`${messageOf(error)} (seed ${seed})`, { cause: error });
}
