// Writes to the export of the given URI, prints a line, and waits to be killed before a flush.
import { connect } from "nbdkit-node";

const client = await connect(process.argv[2]);
await client.write(1000n, Buffer.from("written"));
process.stdout.write("written\n");
setInterval(() => {}, 1000);
