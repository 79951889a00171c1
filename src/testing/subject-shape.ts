import {
  aFunction,
  anArrayOf,
  anObject,
  aString,
  aWhole,
  aWholeNumber,
  either,
  oneOf,
} from "../core/kinds.ts";
import { checkOptions, type Shape } from "../core/shape.ts";
import type { Subject } from "./subject.ts";

const subjectShape: Shape<Subject> = {
  plugin: either(aString, aWhole, anObject),
  parameters: either(anObject, aFunction),
  filters: anArrayOf("names and filters", either(aString, aWhole, anObject)),
  exportName: aString,
  debugFlags: anObject,
  writes: oneOf("kept", "discarded", "refused"),
  runs: aWholeNumber(0, Number.MAX_SAFE_INTEGER),
  seed: aWhole,
  connections: aWholeNumber(1, Number.MAX_SAFE_INTEGER),
};

/**
 * Checks the options of the conformance checks.
 *
 * @throws NbdError EINVAL for options that are unknown or of a wrong type
 */
export function checkSubject(subject: Subject): void {
  checkOptions("conformanceChecks", subject, subjectShape, ["plugin"]);
}
