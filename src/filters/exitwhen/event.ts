import type { MaybePromise } from "../../core/maybe-promise.ts";

/** An external event that stops the server. */
export interface Event {
  /** The debug message after the event. */
  readonly description: string;
  /** Checks now. @throws an error with a message for the user when the check itself fails */
  happened(): MaybePromise<boolean>;
  /** Ends a running check and closes open descriptors. */
  close?(): void;
}
