import { allocationOf, baseAllocation, type NbdClient } from "../../client/index.ts";
import type { Handle } from "../../contract/handle.ts";
import type { Extent } from "../../core/extent.ts";

/** The far export as our own: it can do what that can do, no more and no less. */
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

/** One request: whoever wants to know more asks again. */
async function extents(
  client: NbdClient,
  offset: bigint,
  length: number,
  requestOne: boolean,
): Promise<readonly Extent[]> {
  const status = await client.blockStatus(offset, length, { requestOne, context: baseAllocation });
  return status.get(baseAllocation)!.map(allocationOf);
}
