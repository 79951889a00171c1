/** The IPC message to a parent Node.js program when the server is ready (`process.on("message")`). */
export interface ReadyMessage {
  readonly type: "ready";
  /** Id of the serving process. In the background, this is not the process that was started. */
  readonly pid: number;
  /** Absent when no other program can connect. */
  readonly uri?: string;
}

/**
 * Sends the message to the parent process, if that is a Node.js program with an IPC channel. Never rejects.
 */
export function tellStarter(message: ReadyMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    // Ignore the result: the parent may have closed its end.
    else process.send(message, () => resolve());
  });
}
