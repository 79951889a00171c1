import { describe, expect, it } from "vitest";
import { Durability } from "../../src/descriptor/durability.ts";

/** Makes a disk whose next syncs have these error codes, "" for success. */
function failing(...codes: string[]): Durability {
  return new Durability(-1, async () => {
    const code = codes.shift();
    if (code) throw Object.assign(new Error(`sync failed: ${code}`), { code });
  });
}

describe("Durability", () => {
  it("fails a flush when the sync fails", async () => {
    await expect(failing("EIO").flush()).rejects.toMatchObject({ code: "EIO" });
  });

  it("fails the next flush when a sync before it failed, because the kernel reports the error only once", async () => {
    const disk = failing("ENOSPC", "", "");
    await expect(disk.sync()).rejects.toMatchObject({ code: "ENOSPC" });
    await expect(disk.flush()).rejects.toMatchObject({ code: "ENOSPC" });
    await disk.flush();
  });

  it("fails the next flush also when another sync succeeds after the failed one", async () => {
    const disk = failing("EIO", "", "");
    await disk.sync().catch(() => {});
    await disk.sync();
    await expect(disk.flush()).rejects.toMatchObject({ code: "EIO" });
  });
});
