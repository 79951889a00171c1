import type { Outcome } from "./run.ts";

/** Returns the keys of key=value lines, in order. */
export function keys({ stdout }: Outcome): string[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("=", 1)[0]!);
}

export function valueFor({ stdout }: Outcome, key: string): string | undefined {
  return new RegExp(`^${key}=(.*)$`, "m").exec(stdout)?.[1];
}
