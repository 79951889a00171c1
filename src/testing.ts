export { type Check, conformanceChecks, type Subject } from "./testing/conformance.ts";
export type { Writes } from "./testing/model.ts";
export type { SessionOptions } from "./testing/session.ts";
