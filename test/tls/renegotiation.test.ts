import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { nbd, run } from "../helpers/run.ts";
import { askForTls, credentials, encrypt, greeted } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(certificateTools, "the renegotiation of a TLS 1.2 connection", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  it("is refused, and the server continues to serve other clients", async () => {
    await using server = await ServerProcess.start([
      "--tls=on",
      "--tls-certificates",
      keys.pki,
      "memory",
      "1M",
    ]);
    using client = await greeted(server.socket);
    await askForTls(client);
    const { stream } = await encrypt(client, { ...credentials(keys.pki), maxVersion: "TLSv1.2" });
    const failed = once(stream, "error");
    stream.renegotiate({}, () => {});
    const [error] = await failed.catch((error: unknown) => [error]);
    expect(String(error)).toMatch(/no renegotiation/);
    stream.destroy();
    expect(await run(nbd, ["info", "--size", server.uri()])).toEqual({
      status: 0,
      stdout: "1048576\n",
      stderr: "",
    });
  });
});
