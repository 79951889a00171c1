import { expect, it } from "vitest";
import { checkContexts } from "../../src/contract/meta-context.ts";

const check = (...names: readonly string[]) =>
  checkContexts(
    "mine's open",
    names.map((name) => ({ name, status: () => [] })),
  );

it.each([
  ["base:mine", "has a namespace of the specification: use one that begins with x-"],
  ["nbd-server:mine", "has a namespace of the specification: use one that begins with x-"],
  ["mine", "must be called NAMESPACE:LEAF"],
  ["x-mine:", "must be called NAMESPACE:LEAF"],
  [":mine", "must be called NAMESPACE:LEAF"],
  ["x mine:dirty", "must be called NAMESPACE:LEAF"],
  ["x-mine:dir\0ty", "must be called NAMESPACE:LEAF"],
  [`x-mine:${"é".repeat(2045)}`, "has a name of more than 4096 bytes"],
])("a metadata context cannot be called %j", (name, fault) => {
  expect(() => check(name)).toThrow(`the metadata context "${name}" that mine's open returned ${fault}`);
});

it("two metadata contexts of a handle cannot have the same name", () => {
  expect(() => check("x-a:b", "qemu:dirty-bitmap:c", "x-a:b")).toThrow(
    `the metadata context "x-a:b" that mine's open returned appears twice`,
  );
  expect(() => check("qemu:dirty-bitmap:c", "x-a:b")).not.toThrow();
});
