import { fstatSync } from "node:fs";
import { parentAtBirth } from "./birth.ts";

/** What the launcher (native/launcher.cc) found and did before it executed Node. */
export interface Launch {
  /** The process that started us, as it was before anything else. */
  readonly parentPid: number;
  /** This process gets SIGTERM when that parent dies. */
  readonly armed: boolean;
  /** It could be armed, as the launcher knows; without one, ask the addon. */
  readonly canArm: boolean;
  /** What we were given beyond stderr, to pass on to those whom we start; absent where nobody looked in time. */
  readonly inherited?: readonly InheritedDescriptor[];
  /** How many of them we were to have open at most; Node raises this limit for itself. */
  readonly descriptorLimit?: string;
}

/** A descriptor and what it stood for: Node may reuse the number once it has been closed. */
export interface InheritedDescriptor {
  readonly fd: number;
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Takes the launcher's notes out of the environment, where our children would find them, and puts
 * back what it had set aside. Without a launcher, what Node knows is all there is.
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
  // Our channel to a Node.js program that started us is no business of those whom we start.
  const channel = String((process.channel as { readonly fd?: number } | undefined)?.fd);
  const descriptors = notes[4]!.split(",").filter((text) => text !== "" && text !== channel);
  return {
    parentPid: Number(notes[1]),
    armed: notes[2] === "1",
    canArm: notes[3] === "1",
    inherited: descriptors.flatMap((text) => identify(Number(text)) ?? []),
    ...(notes[5] === undefined ? {} : { descriptorLimit: notes[5] }),
  };
}

/** Those that are still what they were. */
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

/** The `stdio` of a child that gets our three standard streams and these descriptors under their own numbers. */
export function stdioWith(descriptors: readonly number[]): (number | "ignore")[] {
  const count = Math.max(2, ...descriptors) + 1;
  return Array.from({ length: count }, (_, fd) => (fd <= 2 || descriptors.includes(fd) ? fd : "ignore"));
}
