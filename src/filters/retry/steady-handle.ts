import type { Handle } from "../../contract/handle.ts";
import type { MetaContext } from "../../contract/meta-context.ts";
import type { OpenRequest } from "../../contract/plugin.ts";
import { NbdError } from "../../core/errors.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { intercept, type Operation } from "../../kit/intercept.ts";
import type { ServedExport } from "../../served/served-export.ts";
import type { Reopenable } from "./reopenable.ts";

/** Performs a request on the open plugin, with retries. */
export type Perform = <Result>(
  operation: Operation,
  ask: (below: ServedExport) => MaybePromise<Result>,
) => MaybePromise<Result>;

/** The handle for the client. Its size and abilities are those of the first open, also after a reopen. */
export function steadyHandle(
  first: Handle,
  disk: Reopenable,
  request: OpenRequest,
  perform: Perform,
): Handle & Required<Pick<Handle, "close">> {
  const steady = applyChanges(first, {
    ...intercept(first, request, perform),
    metaContexts: first.metaContexts?.map((context) => steadyContext(context, perform)),
    readNow: first.readNow && ((...part) => reachable(disk, part)?.readNow(...part) === true),
    writeNow: first.writeNow && ((...part) => writable(disk, part)?.writeNow(...part) === true),
    close: undefined,
  });
  return { ...steady, close: () => disk.close() };
}

function steadyContext(context: MetaContext, perform: Perform): MetaContext {
  return {
    ...context,
    status: (offset, length, requestOne) =>
      perform({ kind: "extents", offset, length, requestOne }, (below) => {
        const same = below.metaContexts.find(({ name }) => name === context.name);
        if (same !== undefined) return below.status(same, offset, length, requestOne);
        throw new NbdError("EIO", `the plugin has been opened again and has no ${context.name} any more`);
      }),
  };
}

type ReadNowArguments = Parameters<NonNullable<Handle["readNow"]>>;

/** The plugin, if it is open and large enough: after a reopen, it may be smaller. */
function reachable(
  { opened }: Reopenable,
  [, start, end, offset]: ReadNowArguments,
): ServedExport | undefined {
  return opened !== undefined && BigInt(offset + end - start) <= opened.below.size ? opened.below : undefined;
}

function writable(disk: Reopenable, part: ReadNowArguments): ServedExport | undefined {
  const below = reachable(disk, part);
  return below?.canWrite ? below : undefined;
}
