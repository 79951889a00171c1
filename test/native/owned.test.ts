import { closeSync, fstatSync, openSync } from "node:fs";
import { expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

const badDescriptor = expect.objectContaining({ code: "EBADF" });

it("the addon closes its own descriptor once, and never a foreign one with the same number", () => {
  const { readEnd, writeEnd } = native().createPipe();
  native().closeDescriptor(writeEnd);
  expect(() => fstatSync(writeEnd)).toThrow(badDescriptor);
  // The kernel assigns the lowest free number.
  const reused = openSync("/dev/null", "r");
  expect(reused).toBe(writeEnd);
  expect(() => native().closeDescriptor(reused)).toThrow(badDescriptor);
  expect(fstatSync(reused).isCharacterDevice()).toBe(true);
  closeSync(reused);
  native().closeDescriptor(readEnd);
});

it("the addon does not close a descriptor that it has handed over", () => {
  const { readEnd, writeEnd } = native().createPipe();
  native().handOver(readEnd);
  expect(() => native().closeDescriptor(readEnd)).toThrow(badDescriptor);
  expect(() => native().handOver(readEnd)).toThrow(badDescriptor);
  expect(fstatSync(readEnd).isFIFO()).toBe(true);
  native().own(readEnd);
  expect(() => native().own(readEnd)).toThrow(expect.objectContaining({ code: "EEXIST" }));
  native().closeDescriptor(readEnd);
  native().closeDescriptor(writeEnd);
});

it.runIf(native().features.memoryFile)("the addon refuses to unmap a mapping that it has not created", () => {
  const fd = native().createMemoryFile("test");
  native().setSize(fd, 4096n);
  const map = native().makeMemoryMap(fd, 4096n);
  native().closeMemoryMap(map);
  expect(() => native().closeMemoryMap(map)).toThrow(badDescriptor);
  expect(() => native().unlockMemoryFile(4096n)).toThrow(badDescriptor);
  native().closeDescriptor(fd);
});
