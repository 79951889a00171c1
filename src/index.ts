export { NbdError } from "./core/errors.ts";
export type { Extent } from "./core/extent.ts";
