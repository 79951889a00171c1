import { expect, it } from "vitest";
import zero from "../../src/plugins/zero.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";

testPlugin("zero", { plugin: zero });

it("zero has size 0, takes no parameters and is read-only", async () => {
  await using session = await TestedChain.start({ plugin: zero, parameters: {} });
  expect(await session.open()).toMatchObject({ size: 0n, canWrite: false, canMultiConn: true });
  await expect(TestedChain.start({ plugin: zero, parameters: { size: "1" } })).rejects.toThrow(
    "unknown parameter 'size': zero takes none",
  );
});
