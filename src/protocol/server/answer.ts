import type { Negotiated } from "./host.ts";

/**
 * The result of an option: "continue" waits for the next one, "abort" ends the handshake without an export.
 */
export type Answer = Negotiated | "continue" | "abort";
