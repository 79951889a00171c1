import { expect, it } from "vitest";
import { ReceiveBatching } from "../../src/transport/receive-batching.ts";

const turnsBetweenTrials = 256;

/** Plays a client that has sent `before`, and `after` when somebody waits; its first turn, which only shows whose it is, is over. */
function begun(client: { before: number; after: number }): { gathering: ReceiveBatching; waits: number[] } {
  const waits: number[] = [];
  const gathering = new ReceiveBatching((bytes) => {
    if (bytes > 0) waits.push(bytes);
    return bytes === 0 ? client.before : client.after;
  });
  gathering.wait();
  return { gathering, waits };
}

function pass(gathering: ReceiveBatching, turns: number): void {
  for (let turn = 0; turn < turns; turn++) gathering.wait();
}

/** The same after its first trial. */
function tried(client: { before: number; after: number }): ReturnType<typeof begun> {
  const { gathering, waits } = begun(client);
  pass(gathering, turnsBetweenTrials);
  waits.length = 0;
  return { gathering, waits };
}

it("nobody is waited for until a trial has shown that it pays", () => {
  const { gathering, waits } = begun({ before: 28, after: 28 * 16 });
  pass(gathering, turnsBetweenTrials - 1);
  expect(waits).toEqual([]);
});

it("half of what a client sends without waiting for answers is waited for", () => {
  const { gathering, waits } = tried({ before: 28, after: 28 * 16 });
  pass(gathering, 3);
  expect(waits).toEqual([28 * 8, 28 * 8, 28 * 8]);
});

it("a client that sends nothing while it waits for an answer costs the trials alone", () => {
  const { gathering, waits } = begun({ before: 28, after: 28 });
  pass(gathering, 10 * turnsBetweenTrials);
  expect(waits).toHaveLength(10);
});

it("a client that begins to wait for answers is let go by the next trial", () => {
  const client = { before: 28, after: 28 * 16 };
  const { gathering, waits } = tried(client);
  client.after = 28;
  pass(gathering, turnsBetweenTrials);
  waits.length = 0;
  pass(gathering, turnsBetweenTrials - 1);
  expect(waits).toEqual([]);
});

it("of much, a part is enough to begin with", () => {
  const { gathering, waits } = tried({ before: 1, after: 1024 * 1024 });
  pass(gathering, 1);
  expect(waits).toEqual([32 * 1024]);
});

it("nobody is waited for while others use the loop", () => {
  const clients = [begun({ before: 28, after: 28 * 16 }), begun({ before: 28, after: 28 * 16 })];
  for (let turn = 0; turn < 10 * turnsBetweenTrials; turn++)
    for (const { gathering } of clients) gathering.wait();
  expect(clients.flatMap(({ waits }) => waits)).toEqual([]);
});
