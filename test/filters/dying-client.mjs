// Writes to the export that is named, says so, and waits to be killed before it has flushed.
import { connect } from "nbdkit-node";

const client = await connect(process.argv[2]);
await client.write(1000n, Buffer.from("written"));
process.stdout.write("written\n");
setInterval(() => {}, 1000);
