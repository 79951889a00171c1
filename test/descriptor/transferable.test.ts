import { afterAll, describe, expect, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { openTransferable } from "../../src/descriptor/transferable.ts";
import exportname from "../../src/filters/exportname.ts";
import fua from "../../src/filters/fua.ts";
import limit from "../../src/filters/limit.ts";
import multiConn from "../../src/filters/multi-conn.ts";
import nocache from "../../src/filters/nocache.ts";
import noextents from "../../src/filters/noextents.ts";
import nofilter from "../../src/filters/nofilter.ts";
import nozero from "../../src/filters/nozero.ts";
import offset from "../../src/filters/offset.ts";
import openonce from "../../src/filters/openonce.ts";
import readonly from "../../src/filters/readonly.ts";
import stats from "../../src/filters/stats.ts";
import timeLimit from "../../src/filters/time-limit.ts";
import truncate from "../../src/filters/truncate.ts";
import memory from "../../src/plugins/memory.ts";
import type { SessionOptions } from "../../src/testing/subject.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";

const stacks: readonly (readonly [string, readonly AnyFilter[], Record<string, string>])[] = [
  ["nothing", [], {}],
  ["nofilter", [nofilter], {}],
  ["offset", [offset], { offset: "4097", range: "200000" }],
  ["truncate to less over offset", [truncate, offset], { offset: "1000", "round-down": "512" }],
  ["noextents, nocache, nozero", [noextents, nocache, nozero], { zeromode: "emulate" }],
  ["fua by flushing", [fua], { fuamode: "emulate" }],
  ["exportname, openonce", [exportname, openonce], { exportdesc: "fixed:a disk" }],
  ["limit, time-limit", [limit, timeLimit], { limit: "9", "time-limit": "1000" }],
  ["multi-conn that tracks nothing", [multiConn], { "multi-conn-track-dirty": "off" }],
];

function over(filters: readonly AnyFilter[], parameters: Record<string, string>): SessionOptions {
  return { plugin: memory, filters, parameters: { size: "300000", ...parameters } };
}

/** A plugin that opens the transferable handle of another session's disk, as a worker thread does. */
function reopened(session: TestedChain) {
  return definePlugin({
    name: "reopened",
    open: async () => {
      const disk = await session.open();
      return openTransferable(structuredClone(disk.transferable!));
    },
  });
}

describe("an export whose handle is transferred to a worker thread", () => {
  it.each(stacks)("keeps the changes of the filters: %s", async (_title, filters, parameters) => {
    await using session = await TestedChain.start(over(filters, parameters));
    const here = await session.open();
    await using other = await TestedChain.start({ plugin: reopened(session), parameters: {} });
    const there = await other.open();
    const { size, canWrite, canFlush, canTrim, canZero, canFastZero, canFua, canCache, requestUnit } = here;
    expect(there).toMatchObject({ size, canWrite, canFlush, canTrim, canZero, canFastZero, canFua });
    expect(there).toMatchObject({ canCache, requestUnit, canMultiConn: here.canMultiConn });
    await here.write(Buffer.from("written"), 5000n, false);
    const bytes = Buffer.alloc(7);
    expect(there.readNow(bytes, 0, 7, 5000)).toBe(true);
    expect(bytes.toString()).toBe("written");
    expect(await there.extents(0n, Number(size), false)).toEqual(await here.extents(0n, Number(size), false));
  });

  it("stays read-only when a filter makes it read-only", async () => {
    await using session = await TestedChain.start(over([readonly], {}));
    await using other = await TestedChain.start({ plugin: reopened(session), parameters: {} });
    const there = await other.open();
    expect([there.canWrite, there.writeNow(Buffer.alloc(1), 0, 1, 0)]).toEqual([false, false]);
  });

  it("is not transferable when a filter handles each request", async () => {
    await using session = await TestedChain.start(over([offset, stats, offset], { statsfile: "/dev/null" }));
    expect((await session.open()).transferable).toBeUndefined();
  });
});

const [, , window] = stacks[3]!;
const origin = await TestedChain.start(over([truncate, offset], window));
afterAll(() => origin[Symbol.asyncDispose]());
testPlugin("an export whose handle is transferred to a worker thread", {
  plugin: reopened(origin),
  parameters: {},
  runs: 10,
});
