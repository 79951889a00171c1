import { execFileSync } from "node:child_process";
import { Folder } from "./folder.ts";

/** Runs a program and returns what it printed. */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** The reason why a test that changes the system cannot run here; undefined when it can. */
export function whyNot(attempt: () => Disposable): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  try {
    attempt()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `needs root and a system that lets it: ${String((error as Error).message).split("\n")[0]}`;
  }
}

/** A loop device on a sparse file. */
export class LoopDevice {
  readonly path: string;
  readonly #folder: Folder = new Folder();

  constructor(bytes: number, ...options: string[]) {
    try {
      this.path = run("losetup", "--find", "--show", ...options, this.#folder.sparseFile("disk", bytes));
    } catch (error) {
      this.#folder[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    run("losetup", "--detach", this.path);
    this.#folder[Symbol.dispose]();
  }
}

/** A file system with room for `bytes` bytes. */
export class SmallFileSystem {
  readonly folder: Folder = new Folder();

  constructor(bytes: number) {
    try {
      run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "nbdkit-node-test", this.folder.path);
    } catch (error) {
      this.folder[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    run("umount", this.folder.path);
    this.folder[Symbol.dispose]();
  }
}
