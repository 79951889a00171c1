import { existsSync, writeFileSync } from "node:fs";
import { connect } from "nbdkit-node";
import { definePlugin, text } from "nbdkit-node/plugin";

/**
 * The export of another server. When that server is killed, it fails until it is reopened. The file "begun"
 * marks its use.
 */
export default definePlugin({
  name: "upstream",
  parameters: { socket: text({ required: true, help: "Where the other server listens" }) },
  async open({ socket }) {
    if (!existsSync(socket)) throw Object.assign(new Error("no server listens"), { code: "ENOENT" });
    let begun = false;
    const begin = () => {
      if (!begun) writeFileSync("begun", "");
      begun = true;
    };
    const client = await connect(`nbd+unix:///?socket=${socket}`);
    return {
      size: client.size,
      read: async (into, offset) => {
        into.set(await client.read(offset, into.length));
        begin();
      },
      write: async (from, offset, { fua }) => {
        await client.write(offset, from, { fua });
        begin();
      },
      flush: () => client.flush(),
      nativeFua: true,
      close: () => client.close(),
    };
  },
});
