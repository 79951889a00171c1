/** Node's zlib has it since 22.15; asked without loading zlib. */
export function hasZstd(): boolean {
  return process.versions["zstd"] !== undefined;
}
