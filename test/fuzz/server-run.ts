import { NbdError } from "../../src/core/errors.ts";
import { Random } from "../../src/testing/random.ts";
import { MemorySession } from "../helpers/memory-session.ts";
import { countAllocated } from "./allocation.ts";
import { Disks } from "./disks.ts";
import { expectThat, nextIteration, settles } from "./finding.ts";
import type { ServerCase } from "./server-grammar.ts";
import { checkServerOutput } from "./server-output.ts";

/** Bytes: buffers that collect small chunks, and other fixed allocations. */
const allocatedBase = 1024 * 1024;

/** Checks that no log line shows an internal error of the server. */
export function expectNoInternalError(lines: readonly string[]): void {
  const internal = lines.find((line) => /internal error|TypeError|undefined|not a function/.test(line));
  expectThat(internal === undefined, `the server logs "${internal}"`);
}

/** Runs one case. @throws Finding, or an unexpected error of the server */
export async function runServerCase({ setup, chunks }: ServerCase): Promise<void> {
  const disks = new Disks(setup);
  const memory = new MemorySession({
    open: ({ exportName }) => disks.open(exportName),
    plugin: {
      threadModel: setup.threadModel,
      listExports: () => disks.list(),
    },
    readOnly: setup.readOnly,
    threads: setup.threads,
    handshake: setup,
  });
  const collect = memory.transport.onSent;
  if (setup.readsLast) memory.transport.onSent = () => {};
  const allocated = await countAllocated(async () => {
    const random = new Random(setup.seed + 1);
    await memory.start();
    for (const chunk of chunks) {
      memory.transport.deliver(Buffer.from(chunk));
      if (random.oneIn(4)) await nextIteration();
    }
    for (let rest = random.pick([0, 5, 50]); rest > 0; rest--) await nextIteration();
    if (setup.leaves === "lost") memory.transport.lose(new NbdError("ECONNRESET", "lost"));
    else memory.transport.deliverEnd();
    await settles(memory.session.finished, "the session", collect);
  });
  collect();
  disks.expectRespected();
  expectNoInternalError(memory.errors);
  expectThat(memory.errors.length <= 1 || setup.failEvery > 0, `logs ${memory.errors.length} lines`);
  const input = Buffer.concat(chunks);
  checkServerOutput(setup, input, memory.sent);
  const allowed = allocatedBase + 8 * input.length + 4 * memory.sent.length + disks.bytesAsked;
  expectThat(allocated <= allowed, `allocates ${allocated} bytes for ${input.length} received`);
}
