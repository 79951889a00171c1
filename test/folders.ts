/** One folder of src, or one file directly in src. */
export interface Folder {
  readonly name: string;
  /** For the README. Entry points (files) have none. */
  readonly purpose?: string;
  /** Folders and files of src. */
  readonly mayImport: readonly string[];
}

/** Which folders of src each may import, from the lowest layer to the highest. `architecture.test.ts` enforces it. */
export const folders: readonly Folder[] = [
  { name: "core", purpose: "leaves without I/O: errors, sizes, bytes", mayImport: [] },
  {
    name: "installation",
    purpose: "where the parts of the package are: files, or inside the single executable",
    mayImport: ["core"],
  },
  { name: "native", purpose: "the typed interface of the C++ addon", mayImport: ["installation", "core"] },
  {
    name: "protocol",
    purpose: "NBD as bytes and values, both sides, without sockets",
    mayImport: ["core"],
  },
  {
    name: "backend",
    purpose: "the contract for plugins and filters, and what the server adds to them",
    mayImport: ["core"],
  },
  {
    name: "transport",
    purpose: "sockets and standard input as one kind of byte stream",
    mayImport: ["native", "core"],
  },
  {
    name: "descriptor",
    purpose: "a disk on an open file descriptor",
    mayImport: ["backend", "native", "core"],
  },
  {
    name: "allocator",
    purpose: "disks in memory, for the parameter `allocator=` of several plugins",
    mayImport: ["descriptor", "backend", "native", "core"],
  },
  {
    name: "processes",
    purpose: "other processes of the system, and signals to whole trees of them",
    mayImport: [],
  },
  {
    name: "script",
    purpose: "scripts as plugins, for `sh` and `eval`",
    mayImport: ["backend", "native", "processes", "core"],
  },
  {
    name: "filters",
    purpose: "one file or folder each",
    mayImport: ["descriptor", "backend", "native", "core"],
  },
  { name: "client", purpose: "the client library", mayImport: ["protocol", "transport", "core"] },
  {
    name: "plugins",
    purpose: "one file or folder each; only `nbd` is a client",
    mayImport: ["client", "script", "allocator", "descriptor", "backend", "native", "core"],
  },
  {
    name: "connection",
    purpose: "one client of the server, from its first byte to its last",
    mayImport: ["transport", "backend", "protocol", "native", "installation", "core"],
  },
  {
    name: "server",
    purpose: "listening, and the process around it",
    mayImport: ["connection", "transport", "backend", "native", "processes", "installation", "core"],
  },
  {
    name: "registry",
    purpose: "names of plugins and filters, and chains made of them",
    mayImport: ["plugins", "filters", "backend", "installation", "core"],
  },
  {
    name: "testing",
    purpose: "checks for plugins and filters, given or named, for any test runner",
    mayImport: ["registry", "backend", "core"],
  },
  {
    name: "api",
    purpose: "servers in a program: `serve`, `run`, `spawn`",
    mayImport: ["registry", "server", "backend", "core"],
  },
  {
    name: "cli",
    purpose: "the two commands",
    mayImport: ["registry", "server", "client", "backend", "protocol", "native", "installation", "core"],
  },
  { name: "index.ts", mayImport: ["api", "server", "client", "core"] },
  { name: "plugin.ts", mayImport: ["backend", "core"] },
  { name: "filter.ts", mayImport: ["plugin.ts", "backend", "core"] },
  { name: "testing.ts", mayImport: ["testing", "backend"] },
  { name: "bin.ts", mayImport: ["cli", "server"] },
  { name: "nbd.ts", mayImport: ["cli", "server"] },
  { name: "single-file.ts", mayImport: [] },
  { name: "loop.ts", mayImport: ["connection", "descriptor", "native"] },
];

/** The table of the README. */
export function foldersTable(): string {
  const rows = folders.flatMap(({ name, purpose, mayImport }) => {
    if (purpose === undefined) return [];
    const imports = mayImport.length === 0 ? "nothing" : mayImport.map((one) => `\`${one}\``).join(", ");
    return [`| \`${name}\` | ${purpose} | ${imports} |`];
  });
  return ["| folder | what lives there | may import |", "| --- | --- | --- |", ...rows].join("\n");
}
