import { allocationOf, baseAllocation, type NbdClient } from "../../client/index.ts";
import type { Handle } from "../../contract/handle.ts";
import { must } from "../../core/assert.ts";
import type { Extent } from "../../core/extent.ts";

/** A handle for a remote export. It has exactly the abilities of the remote export. */
export function remoteHandle(client: NbdClient): Handle {
  const { size, exportName, capabilities: can, blockSize, description } = client;
  return {
    size,
    identity: exportName,
    read: async (into, offset) => {
      await client.read(offset, into);
    },
    ...(!client.readOnly && changing(client)),
    ...(can.canFlush && { flush: () => client.flush() }),
    ...(can.canCache && { cache: (offset, length) => client.cache(offset, length) }),
    ...(client.contexts.includes(baseAllocation) && {
      extents: (offset, length, requestOne) => extents(client, offset, length, requestOne),
    }),
    nativeFua: can.canFua,
    fuaByFlushing: false,
    fastZero: can.canFastZero,
    multiConn: can.canMultiConn,
    rotational: can.rotational,
    ...(blockSize !== undefined && { blockSize }),
    ...(description !== undefined && { description }),
  };
}

function changing(client: NbdClient): Partial<Handle> {
  const { canTrim, canZero } = client.capabilities;
  return {
    write: (from, offset, { fua }) => client.write(offset, from, { fua }),
    ...(canTrim && { trim: (offset, length, { fua }) => client.trim(offset, length, { fua }) }),
    ...(canZero && {
      zero: (offset, length, { fua, mayTrim, fastZero }) =>
        client.zero(offset, length, { fua, noHole: !mayTrim, fastZero }),
    }),
  };
}

/**
 * Sends one block status request. The answer may be shorter than the range; the client asks again for the
 * rest.
 */
async function extents(
  client: NbdClient,
  offset: bigint,
  length: number,
  requestOne: boolean,
): Promise<readonly Extent[]> {
  const status = await client.blockStatus(offset, length, { requestOne, context: baseAllocation });
  return must(status.get(baseAllocation)).map(allocationOf);
}
