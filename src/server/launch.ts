import { fstatSync } from "node:fs";
import { must } from "../core/assert.ts";
import { parentAtBirth } from "./birth.ts";

/** What the launcher (native/launcher/main.cc) recorded and did before it executed Node. */
export interface Launch {
  /** The process that started this one, recorded first. */
  readonly parentPid: number;
  /** True when the kernel sends SIGTERM to this process when that parent dies. */
  readonly armed: boolean;
  /** True when the launcher knows that the system supports this; without a launcher, ask the addon. */
  readonly canArm: boolean;
  /** Inherited descriptors above stderr, to pass on to child processes; absent without a launcher. */
  readonly inherited?: readonly InheritedDescriptor[];
  /** The soft limit of open descriptors before Node raised it. */
  readonly descriptorLimit?: string;
}

/** A descriptor and its file: Node may reuse the number once the descriptor has been closed. */
export interface InheritedDescriptor {
  readonly fd: number;
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Reads the launcher's record and removes it from the environment, so that child processes do not inherit it.
 * Restores the variable that the launcher renamed. Without a launcher, only Node's own information is
 * available.
 */
export function readLaunch(): Launch {
  const notes = /^(\d+):([01]):([01]):((?:\d+,)*)(?::(\d+))?$/.exec(process.env.NBDKIT_LAUNCHED ?? "");
  delete process.env.NBDKIT_LAUNCHED;
  const certificates = process.env.NBDKIT_NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) {
    process.env.NODE_EXTRA_CA_CERTS = certificates;
    delete process.env.NBDKIT_NODE_EXTRA_CA_CERTS;
  }
  if (notes === null) return { parentPid: parentAtBirth(), armed: false, canArm: false };
  // Child processes must not inherit our IPC channel to a parent Node.js program.
  const channel = process.channel !== undefined && "fd" in process.channel ? String(process.channel.fd) : "";
  const descriptors = must(notes[4])
    .split(",")
    .filter((text) => text !== "" && text !== channel);
  return {
    parentPid: Number(notes[1]),
    armed: notes[2] === "1",
    canArm: notes[3] === "1",
    inherited: descriptors.flatMap((text) => identify(Number(text)) ?? []),
    ...(notes[5] === undefined ? {} : { descriptorLimit: notes[5] }),
  };
}

/** The inherited descriptors that still refer to the same file. */
export function stillInherited({ inherited = [] }: Launch): readonly number[] {
  const same = inherited.filter(({ fd, device, inode }) => {
    const now = identify(fd);
    return now?.device === device && now.inode === inode;
  });
  return same.map(({ fd }) => fd);
}

function identify(fd: number): InheritedDescriptor | undefined {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return { fd, device: dev, inode: ino };
  } catch {
    return undefined;
  }
}

/**
 * The `stdio` of a child that gets our three standard streams and these descriptors under their own numbers.
 */
export function stdioWith(descriptors: readonly number[]): (number | "ignore")[] {
  const count = Math.max(2, ...descriptors) + 1;
  return Array.from({ length: count }, (_, fd) => (fd <= 2 || descriptors.includes(fd) ? fd : "ignore"));
}
