/** What a program that started us over an IPC channel is told (`process.on("message")`). */
export interface ReadyMessage {
  readonly type: "ready";
  /** Of the process that serves, which is another one than was started when it went to the background. */
  readonly pid: number;
  /** Absent where no other program can connect. */
  readonly uri?: string;
}

export function readyMessage(uri: string | undefined): ReadyMessage {
  return { type: "ready", pid: process.pid, ...(uri === undefined ? {} : { uri }) };
}

/** Tells the program that started us, if it is a Node.js program that wants to know. Never rejects. */
export function tellStarter(message: ReadyMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    // It may have closed its end, and then it does not want to know.
    else process.send(message, () => resolve());
  });
}
