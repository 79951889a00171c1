import { conformanceChecks } from "../../src/testing/conformance.ts";
import type { Subject } from "../../src/testing/subject.ts";

/** Runs the checks and returns one line for each failure: its name, and the message. */
export async function failures(subject: Subject): Promise<string> {
  const failed: string[] = [];
  for (const { name, run } of conformanceChecks({ runs: 3, ...subject })) {
    await run().catch((error) => failed.push(`${name}: ${error.message}`));
  }
  return failed.join("\n");
}
