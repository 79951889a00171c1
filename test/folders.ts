/** One folder of src, or one file directly in src. */
export interface Folder {
  readonly name: string;
  /** The purpose of the folder in the README's table. Entry files have none. */
  readonly purpose?: string;
  /** The folders and files of src that the folder may import. */
  readonly mayImport: readonly string[];
}

/**
 * The folders of src from the lowest layer to the highest, with their allowed imports. `architecture.test.ts`
 * enforces them.
 */
export const folders: readonly Folder[] = [
  { name: "core", purpose: "helpers without I/O and without imports: errors, sizes, bytes", mayImport: [] },
  {
    name: "installation",
    purpose: "locations of the package's parts: files, or inside the single executable",
    mayImport: ["core"],
  },
  { name: "native", purpose: "the typed interface of the C++ addon", mayImport: ["installation", "core"] },
  {
    name: "protocol",
    purpose: "NBD messages as bytes and values, for server and client, without sockets",
    mayImport: ["core"],
  },
  {
    name: "contract",
    purpose: "the interface for authors of plugins and filters: handles, definitions, parameters",
    mayImport: ["native", "core"],
  },
  {
    name: "served",
    purpose: "additions of the server to a handle: fallbacks, whole blocks, extents",
    mayImport: ["contract", "core"],
  },
  {
    name: "kit",
    purpose: "building blocks of filters: interceptors, windows, state for each export",
    mayImport: ["served", "contract", "core"],
  },
  {
    name: "chain",
    purpose:
      "filters on top of a plugin: their life cycle, their configuration, checks of their return values",
    mayImport: ["kit", "served", "contract", "core"],
  },
  {
    name: "transport",
    purpose: "sockets and standard input as one kind of byte stream",
    mayImport: ["native", "core"],
  },
  {
    name: "descriptor",
    purpose: "a disk on an open file descriptor",
    mayImport: ["kit", "served", "contract", "native", "core"],
  },
  {
    name: "allocator",
    purpose: "disks in memory, for the parameter `allocator=` of several plugins",
    mayImport: ["descriptor", "served", "contract", "native", "core"],
  },
  {
    name: "processes",
    purpose: "other processes of the system, and signals to whole trees of them",
    mayImport: [],
  },
  {
    name: "script",
    purpose: "scripts as plugins, for `sh` and `eval`",
    mayImport: ["contract", "native", "processes", "core"],
  },
  {
    name: "filters",
    purpose: "one file or folder each",
    mayImport: ["descriptor", "kit", "served", "contract", "native", "core"],
  },
  { name: "client", purpose: "the client library", mayImport: ["protocol", "transport", "core"] },
  {
    name: "plugins",
    purpose: "one file or folder each; only `nbd` is a client",
    mayImport: ["client", "script", "allocator", "descriptor", "kit", "served", "contract", "native", "core"],
  },
  {
    name: "connection",
    purpose: "one client connection of the server, from its first byte to its last",
    mayImport: ["transport", "chain", "served", "contract", "protocol", "native", "installation", "core"],
  },
  {
    name: "registry",
    purpose: "names of plugins and filters, and how to build chains from them",
    mayImport: ["plugins", "filters", "chain", "contract", "installation", "core"],
  },
  {
    name: "server",
    purpose: "the life of a server, its listening sockets, and the process around it",
    mayImport: [
      "registry",
      "connection",
      "transport",
      "chain",
      "contract",
      "native",
      "processes",
      "installation",
      "core",
    ],
  },
  {
    name: "testing",
    purpose: "conformance checks for plugins and filters, for any test runner",
    mayImport: ["registry", "chain", "served", "contract", "core"],
  },
  {
    name: "api",
    purpose: "servers in a program: `serve`, `run`, `spawn`",
    mayImport: ["server", "chain", "core"],
  },
  {
    name: "cli",
    purpose: "the two commands",
    mayImport: [
      "registry",
      "server",
      "client",
      "chain",
      "contract",
      "protocol",
      "native",
      "installation",
      "core",
    ],
  },
  { name: "index.ts", mayImport: ["api", "server", "client", "core"] },
  { name: "plugin.ts", mayImport: ["kit", "served", "contract", "core"] },
  { name: "filter.ts", mayImport: ["plugin.ts", "kit", "served", "contract", "core"] },
  { name: "testing.ts", mayImport: ["testing", "contract"] },
  { name: "bin.ts", mayImport: ["cli", "server"] },
  { name: "nbd.ts", mayImport: ["cli", "server"] },
  { name: "single-file.ts", mayImport: [] },
  { name: "worker.ts", mayImport: ["connection", "descriptor", "native"] },
];

/** Returns the table of folders for the README. */
export function foldersTable(): string {
  const rows = folders.flatMap(({ name, purpose, mayImport }) => {
    if (purpose === undefined) return [];
    const imports = mayImport.length === 0 ? "nothing" : mayImport.map((one) => `\`${one}\``).join(", ");
    return [`| \`${name}\` | ${purpose} | ${imports} |`];
  });
  return ["| folder | content | may import |", "| --- | --- | --- |", ...rows].join("\n");
}
