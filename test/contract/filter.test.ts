import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import { applyChanges } from "../../src/kit/apply-changes.ts";

/** A handle whose methods use `this`. */
class Counter implements Handle {
  readonly size = 10n;
  readonly multiConn = true;
  readonly metaContexts = [{ name: "x-a:b", status: () => [{ length: 1n, state: 0n }] }];
  calls: string[] = [];
  read(): void {
    this.calls.push("read");
  }
  write(): void {
    this.calls.push("write");
  }
  flush(): void {
    this.calls.push("flush");
  }
  close(): void {
    this.calls.push("close");
  }
}

const buffer = new Uint8Array(1);

describe("the handle that applyChanges returns", () => {
  it("passes members on that the filter does not change", () => {
    const next = new Counter();
    const handle = applyChanges(next, {});
    handle.read(buffer, 0n);
    handle.write!(buffer, 0n, { fua: false });
    handle.close!();
    expect(next.calls).toEqual(["read", "write", "close"]);
    expect(handle).toMatchObject({ size: 10n, multiConn: true, metaContexts: next.metaContexts });
    expect(handle.trim).toBe(undefined);
  });

  it("has the filter's own methods, and lacks members that the filter removes", () => {
    const next = new Counter();
    const handle = applyChanges(next, {
      size: 5n,
      read: () => void next.calls.push("filtered"),
      write: undefined,
      multiConn: undefined,
    });
    handle.read(buffer, 0n);
    expect(next.calls).toEqual(["filtered"]);
    expect([handle.size, handle.write, handle.multiConn]).toEqual([5n, undefined, undefined]);
  });

  it("closes the filter before the layer below", async () => {
    const next = new Counter();
    await applyChanges(next, { close: () => void next.calls.push("filter") }).close!();
    expect(next.calls).toEqual(["filter", "close"]);
  });
});
