import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { caseOf, runCase, tlsCaseOf, writeCase } from "./cases.ts";
import { FuzzKeys } from "./tls/keys.ts";

/** Maximum number of different findings in one run. */
const findingsMax = 50;

/** Runs one case after another, from a seed upwards. @returns the number of findings */
export async function fuzz(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string" },
      executions: { type: "string" },
      /** True runs the cases with TLS. */
      tls: { type: "boolean", default: false },
      /** The folder for the cases with a finding. */
      out: { type: "string", default: "." },
    },
  });
  const first = Number(values.seed);
  const executions = Number(
    values.executions ?? (values.minutes === undefined ? 10_000 : Number.POSITIVE_INFINITY),
  );
  const deadline =
    values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + 60_000 * Number(values.minutes);
  const findings = new Map<string, number>();
  let escaped: unknown;
  const noteEscape = (error: unknown): void => {
    escaped ??= error;
  };
  process.on("unhandledRejection", noteEscape);
  process.on("uncaughtException", noteEscape);
  mkdirSync(values.out, { recursive: true });
  using keys = values.tls ? await FuzzKeys.make() : undefined;
  console.log(`fuzzing${values.tls ? " inside of TLS" : ""} from seed ${first}`);

  let count = 0;
  let nextReport = Date.now() + 10_000;
  for (; count < executions && Date.now() < deadline && findings.size < findingsMax; count++) {
    const seed = first + count;
    const test = values.tls ? tlsCaseOf(seed) : caseOf(seed);
    try {
      await runCase(test, keys);
      if (escaped !== undefined) throw escaped;
    } catch (error) {
      escaped = undefined;
      // Ignore numbers: they differ between cases with the same fault.
      const kind = `${test.side}: ${String((error as Error)?.stack ?? error)
        .split("\n")
        .slice(0, 3)
        .join(" ")
        .replace(/\d+/g, "N")}`;
      findings.set(kind, (findings.get(kind) ?? 0) + 1);
      if (findings.get(kind) === 1) {
        console.log(`seed ${seed}: ${test.side}: ${(error as Error)?.stack ?? error}`);
        writeFileSync(join(values.out, `${test.side}-${seed}.json`), writeCase(test));
      }
    }
    if (Date.now() < nextReport) continue;
    nextReport = Date.now() + 60_000;
    console.log(
      `${new Date().toISOString()} ${count + 1} executions, up to seed ${seed}, ${findings.size} findings, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
    );
  }
  console.log(`done: ${count} executions from seed ${first}, ${findings.size} findings`);
  for (const [kind, times] of findings) console.log(`${times} times ${kind}`);
  return findings.size;
}
