/** Returns the prefix of log lines for a server with this --name. */
export function programName(name: string | undefined): string {
  return name === undefined ? "nbdkit" : `nbdkit[${name}]`;
}
