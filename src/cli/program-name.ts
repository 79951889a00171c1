/** What begins each line of a server that was given this --name. */
export function programName(name: string | undefined): string {
  return name === undefined ? "nbdkit" : `nbdkit[${name}]`;
}
