import assert from "node:assert/strict";
import test from "node:test";
import { connect, serve } from "nbdkit-node";
import { conformanceChecks } from "nbdkit-node/testing";
import plugin from "./index.js";

for (const { name, run } of conformanceChecks({ plugin, parameters: { size: "10000" } })) test(name, run);

test("a client reads what another client wrote", async () => {
  const server = await serve({ plugin, parameters: { size: "1M" } });
  const [one, other] = [await connect(server.uri), await connect(server.uri)];
  await one.write(5n, Buffer.from("hello"));
  assert.equal((await other.read(5n, 5)).toString(), "hello");
  await Promise.all([one.close(), other.close()]);
  await server.close();
});
