import type { MaybePromise } from "../../core/maybe-promise.ts";

/** Something outside that the server is to end after. */
export interface Event {
  /** For debug lines, once it has happened. */
  readonly description: string;
  /** Looks now. Throws when nobody can tell, with a line for the user. */
  happened(): MaybePromise<boolean>;
  /** Ends a look that is under way and gives back what is open. */
  close?(): void;
}
