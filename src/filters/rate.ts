import { readFileSync } from "node:fs";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { once, type Parameter, path, size } from "../contract/parameter.ts";
import type { Host } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { parseSize } from "../core/size.ts";
import { intercept } from "../kit/intercept.ts";
import { delayed } from "../kit/sleep.ts";
import { Bucket } from "./rate/bucket.ts";

/** One limit for reads and one for writes. */
type Buckets = Readonly<Record<"read" | "write", Bucket>>;

interface State {
  readonly host: Host;
  readonly server: Buckets;
  readonly serverFile: string | undefined;
  newConnection(): Buckets;
  readonly connectionFile: string | undefined;
}

/** Limits the bandwidth of the server, of connections, or of both: nbdkit-rate-filter(1). */
const rate: Filter = defineFilter({
  name: "rate",
  longname: "nbdkit rate filter",
  parameters: {
    rate: once(bitsPerSecond("Limit of all connections together"), setTwice),
    "connection-rate": once(bitsPerSecond("Limit of each connection"), setTwice),
    "rate-file": path({
      defaultText: "none",
      help: "File with the limit of all connections; it may change while the server runs",
    }),
    "connection-rate-file": path({
      defaultText: "none",
      help: "File with the limit of each connection; it may change while the server runs",
    }),
    burstiness: seconds(2, "Burst that is allowed after an idle time, in seconds of the rate"),
  },
  debugFlags: ["bucket"],
  configComplete(values, host): State {
    const { rate, "connection-rate": connectionRate, burstiness } = values;
    const buckets = (bits = 0n): Buckets => ({
      read: new Bucket(Number(bits), burstiness),
      write: new Bucket(Number(bits), burstiness),
    });
    return {
      host,
      server: buckets(rate),
      serverFile: values["rate-file"],
      newConnection: () => buckets(connectionRate),
      connectionFile: values["connection-rate-file"],
    };
  },
  open(next, { host, server, serverFile, newConnection, connectionFile }, request) {
    const connection = newConnection();
    return intercept(next, request, (operation, perform) => {
      if (operation.kind !== "read" && operation.kind !== "write") return perform();
      const { kind, length } = operation;
      const waitMs = Math.max(
        waitFor(server[kind], length, serverFile),
        waitFor(connection[kind], length, connectionFile),
      );
      if (host.debugFlag("bucket") > 0) host.debug(`rate: ${kind} of ${length} bytes waits for ${waitMs} ms`);
      return waitMs === 0 ? perform() : delayed(waitMs, request.signal, host.stopping).then(() => perform());
    });
  },
});
export default rate;

function waitFor(bucket: Bucket, bytes: number, file: string | undefined): number {
  if (file !== undefined) bucket.setRate(rateIn(file) ?? bucket.rate);
  return bucket.take(bytes * 8);
}

/** Undefined when the file is missing or invalid, for example while another process writes it. */
function rateIn(file: string): number | undefined {
  try {
    const [line = ""] = readFileSync(file, "utf8").split("\n", 1);
    return Number(parseSize(line));
  } catch {
    return undefined;
  }
}

function setTwice(key: string): string {
  return `${key} set twice on the command line`;
}

function bitsPerSecond(help: string) {
  return size(
    { min: 1n, placeholder: "BITSPERSEC", unit: "bits per second", defaultText: "no limit", help },
    (key) => `${key} cannot be set to 0: leave it out for no limit`,
  );
}

function seconds(value: number, help: string): Parameter<number> & { readonly default: number } {
  const parse = (text: string, key: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
    throw new NbdError("EINVAL", `${key} must be a number of seconds, such as 2.5, and is "${text}"`);
  };
  return { parse, placeholder: "SECS", unit: "seconds", min: 0, default: value, help };
}
