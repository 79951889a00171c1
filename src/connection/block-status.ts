import { must } from "../core/assert.ts";
import type { StatusExtent } from "../core/extent.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";
import type { Answered } from "../protocol/chunk.ts";
import { baseAllocation, blockStatusExtentsMax } from "../protocol/constants.ts";
import type { MetaContext, OfferedContext } from "../protocol/export-info.ts";
import { allocationStatus, statusChunk } from "../protocol/status-reply.ts";
import type { ServedExport } from "../served/served-export.ts";

/** Lists the metadata contexts that an export offers: `base:allocation`, then the contexts of the plugin. */
export function offeredContexts({ metaContexts }: ServedExport): readonly OfferedContext[] {
  const own = metaContexts.map(({ name, wide = false }, index) => ({ id: firstOwnId + index, name, wide }));
  return [{ id: allocationId, name: baseAllocation }, ...own];
}

const allocationId = 1;
const firstOwnId = 2;

/** The range that a block status request asks about, in bytes. */
export interface StatusQuestion {
  readonly offset: bigint;
  readonly length: number;
  readonly requestOne: boolean;
}

/** Builds the reply to a block status request: one chunk for each context, in the order of `contexts`. */
export function statusReply(
  to: Answered,
  asked: StatusQuestion,
  contexts: readonly MetaContext[],
  exported: ServedExport,
): MaybePromise<Buffer> {
  const most = Math.max(1, Math.floor(blockStatusExtentsMax / contexts.length));
  const chunks = (statuses: readonly (readonly StatusExtent[])[]): Buffer =>
    Buffer.concat(
      statuses.map((extents, index) => {
        const last = index === statuses.length - 1;
        return statusChunk(to, must(contexts[index]).id, extents.slice(0, most), last);
      }),
    );
  const found = inTurn(contexts, ({ id }) => statusOf(id, asked, exported));
  return isPromise(found) ? found.then(chunks) : chunks(found);
}

function statusOf(
  contextId: number,
  { offset, length, requestOne }: StatusQuestion,
  exported: ServedExport,
): MaybePromise<readonly StatusExtent[]> {
  if (contextId !== allocationId) {
    return exported.status(must(exported.metaContexts[contextId - firstOwnId]), offset, length, requestOne);
  }
  const found = exported.extents(offset, length, requestOne);
  return isPromise(found) ? found.then(allocationStatus) : allocationStatus(found);
}

/** Calls one after the other, because the thread model of a plugin may allow only one call at a time. */
function inTurn<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => MaybePromise<Result>,
  results: readonly Result[] = [],
): MaybePromise<readonly Result[]> {
  const item = items[results.length];
  if (item === undefined) return results;
  const result = call(item);
  return isPromise(result)
    ? result.then((value) => inTurn(items, call, [...results, value]))
    : inTurn(items, call, [...results, result]);
}
