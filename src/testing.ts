export { type Check, conformanceChecks } from "./testing/conformance.ts";
export type { SessionOptions, Subject, Writes } from "./testing/subject.ts";
