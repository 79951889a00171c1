import assert from "node:assert/strict";
import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { TestClient } from "./client.ts";
import type { Model, Window } from "./model.ts";

/** An extent and its position in the range; bytes. */
export interface FoundExtent {
  readonly at: number;
  readonly length: number;
  readonly hole: boolean;
  readonly zero: boolean;
}

/** A disk with extents: a {@link TestClient} or an export. */
interface Described {
  extents(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly Extent[]>;
}

/**
 * Collects the extents of a range as a client does: each request starts where the previous answer ended. The
 * last extent is cut to the range.
 */
export async function allExtents(
  disk: Described,
  { start, length }: Window,
  requestOne: boolean,
): Promise<readonly FoundExtent[]> {
  const found: FoundExtent[] = [];
  for (let at = 0; at < length; ) {
    const answer = await disk.extents(start + BigInt(at), length - at, requestOne);
    assert.ok(answer.length > 0, "an answer about extents has at least one");
    if (requestOne) assert.equal(answer.length, 1, "one extent was asked for");
    for (const extent of answer) {
      assert.ok(at < length, "only the last extent goes past the range");
      found.push({ ...extent, at, length: Math.min(Number(extent.length), length - at) });
      at += Number(extent.length);
    }
    if (requestOne) assert.ok(at <= length, "one extent ends with the range");
  }
  return found;
}

/** Compares the extents of a range with its bytes. */
export async function checkExtents(
  client: TestClient,
  model: Model,
  at: number,
  length: number,
  requestOne: boolean,
): Promise<void> {
  const range = { start: model.offset(at), length };
  for (const extent of await allExtents(client, range, requestOne))
    if (extent.hole || extent.zero) await checkExtent(client, model, at + extent.at, extent);
}

async function checkExtent(
  client: TestClient,
  model: Model,
  at: number,
  { length, hole, zero }: FoundExtent,
): Promise<void> {
  const which = `the extents report ${length} bytes at ${model.offset(at)} as`;
  const written = hole ? model.firstWritten(at, length) : -1;
  assert.ok(
    written < 0,
    `${which} a hole${zero ? " and zero" : ""}, but byte ${model.offset(written)} has been written${rule}`,
  );
  if (!zero) return;
  const bytes = await client.read(model.offset(at), length);
  const wrong = bytes.findIndex((byte) => byte !== 0);
  assert.ok(wrong < 0, `${which} zero, but byte ${model.offset(at + wrong)} reads as ${bytes[wrong]}${rule}`);
}

const rule = ": extents begin at `offset`, follow each other without gaps, and have lengths in bytes";
