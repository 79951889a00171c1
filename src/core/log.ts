/** Where words for people go. What prints them, and whether debug lines are wanted, is the server's choice. */
export interface Log {
  error(message: string): void;
  /** Call it only after looking at `verbose`, so that no text is made for nobody. */
  debug(message: string): void;
  readonly verbose: boolean;
}

export const silentLog: Log = { error: () => {}, debug: () => {}, verbose: false };
