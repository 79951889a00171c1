/** Whether zlib has zstd (Node.js 22.15 or newer). This check does not load zlib. */
export function hasZstd(): boolean {
  return "zstd" in process.versions;
}
