import { describe, it } from "vitest";
import { conformanceChecks } from "../../src/testing/conformance.ts";
import type { Subject } from "../../src/testing/subject.ts";

/** Runs the conformance checks on a plugin. */
export function testPlugin(name: string, subject: Subject): void {
  describe(`${name} keeps the plugin contract`, () => {
    for (const check of conformanceChecks(subject)) it(check.name, check.run);
  });
}
