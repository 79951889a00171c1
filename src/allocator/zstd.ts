/** Node's zlib has it since 22.15; asked without loading zlib. */
export function hasZstd(): boolean {
  return "zstd" in process.versions;
}
