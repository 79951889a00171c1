import { expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

const { lockMemoryFile, unlockMemoryFile, createMemoryFile, setSize, features } = native();

it.runIf(features.memoryLock && features.memoryFile)(
  "lockMemoryFile keeps a memory file locked after its descriptor is closed",
  () => {
    const fd = createMemoryFile("test");
    setSize(fd, 8192n);
    const lock = lockMemoryFile(fd, 8192n);
    native().closeDescriptor(fd);
    expect(lock).toBeGreaterThan(0n);
    unlockMemoryFile(lock);
  },
);

it("lockMemoryFile reports why it fails", () => {
  const reason = features.memoryLock ? { code: "EBADF", syscall: "mmap" } : { code: "ENOTSUP" };
  expect(() => lockMemoryFile(99_999, 4096n)).toThrow(expect.objectContaining(reason));
});
