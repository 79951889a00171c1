// node batch-client.mjs SOCKET read|write BATCHES: sends the requests of a batch in one piece, receives its
// replies, and then sends the next batch. The server therefore finds the same number of requests at once on
// any machine.
import { createConnection } from "node:net";

const batchRequests = 16;
const dataBytes = 4096;
const [path, command, batches] = process.argv.slice(2);

const flags = Buffer.from("00000003", "hex");
const exportNameOption = Buffer.from("49484156454f50540000000100000000", "hex");
const headers = batchOf(command === "write" ? dataBytes : 0);
const answerBytes = batchRequests * (16 + (command === "read" ? dataBytes : 0));

function batchOf(payloadBytes) {
  const requests = Array.from({ length: batchRequests }, (_, index) => {
    const request = Buffer.alloc(28 + payloadBytes, 0xa5);
    request.writeUInt32BE(0x25609513, 0);
    request.writeUInt32BE(payloadBytes > 0 ? 1 : 0, 4);
    request.writeBigUInt64BE(BigInt(index), 8);
    request.writeBigUInt64BE(BigInt(index * dataBytes), 16);
    request.writeUInt32BE(dataBytes, 24);
    return request;
  });
  return Buffer.concat(requests);
}

/** @returns a function that waits for a number of bytes */
function receiver(socket) {
  let received = 0;
  let enough = () => {};
  socket.on("data", (bytes) => {
    received += bytes.length;
    enough();
  });
  return async (wanted) => {
    while (received < wanted) await new Promise((resolve) => (enough = resolve));
    received -= wanted;
  };
}

const socket = createConnection({ path });
const take = receiver(socket);
await take(18);
socket.write(Buffer.concat([flags, exportNameOption]));
await take(10);
for (let batch = 0; batch < Number(batches); batch++) {
  socket.write(headers);
  await take(answerBytes);
}
socket.end();
