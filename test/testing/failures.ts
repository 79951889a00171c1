import { conformanceChecks } from "../../src/testing/conformance.ts";
import type { Subject } from "../../src/testing/subject.ts";

/** What the checks say that do not hold, a line for each: its name, and the message. */
export async function failures(subject: Subject): Promise<string> {
  const failed: string[] = [];
  for (const { name, run } of conformanceChecks({ runs: 3, ...subject })) {
    await run().catch((error) => failed.push(`${name}: ${error.message}`));
  }
  return failed.join("\n");
}
