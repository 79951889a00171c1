import type { Negotiated } from "./host.ts";

/** What an option leads to: "continue" waits for the next one, "abort" is the client's goodbye. */
export type Answer = Negotiated | "continue" | "abort";
