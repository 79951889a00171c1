/** What the launcher (native/launcher.cc) found and did before it executed Node. */
export interface Launch {
  /** The process that started us, as it was before anything else. */
  readonly parentPid: number;
  /** This process gets SIGTERM when that parent dies. */
  readonly armed: boolean;
}

/**
 * Takes the launcher's notes out of the environment, where our children would find them, and puts
 * back what it had set aside. Without a launcher, what Node knows is all there is.
 */
export function readLaunch(): Launch {
  const notes = /^(\d+):([01]):$/.exec(process.env.NBDKIT_LAUNCHED ?? "");
  delete process.env.NBDKIT_LAUNCHED;
  const certificates = process.env.NBDKIT_NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) {
    process.env.NODE_EXTRA_CA_CERTS = certificates;
    delete process.env.NBDKIT_NODE_EXTRA_CA_CERTS;
  }
  return notes === null
    ? { parentPid: process.ppid, armed: false }
    : { parentPid: Number(notes[1]), armed: notes[2] === "1" };
}
