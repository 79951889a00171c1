import { expect, it } from "vitest";
import { PageTable } from "../../src/allocator/page-table.ts";

it("a page table finds the pages within any range, in order", () => {
  const table = new PageTable();
  for (const page of [2 ** 48 - 1, 7, 0, 3]) table.set(page, new Uint8Array(1));
  expect(table.within(0, 2 ** 48 - 1)).toEqual([0, 3, 7, 2 ** 48 - 1]);
  expect(table.within(1, 3)).toEqual([3]);
  expect(table.within(4, 2 ** 40)).toEqual([7]);
  expect(table.within(8, 10)).toEqual([]);
  table.delete(3);
  expect(table.within(1, 7)).toEqual([7]);
  table.clear();
  expect(table.within(0, 2 ** 48)).toEqual([]);
});
