import { expect, it } from "vitest";
import zero from "../../src/plugins/zero.ts";
import { Session } from "../../src/testing/session.ts";
import { testPlugin } from "../helpers/conformance.ts";

testPlugin("zero", { plugin: zero });

it("zero has size 0, takes no parameters and is read-only", async () => {
  await using session = await Session.start({ plugin: zero, parameters: {} });
  expect(await session.open()).toMatchObject({ size: 0n, canWrite: false, canMultiConn: true });
  await expect(Session.start({ plugin: zero, parameters: { size: "1" } })).rejects.toThrow(
    "unknown parameter 'size': zero takes none",
  );
});
