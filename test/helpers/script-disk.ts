/** A disk in a file in $tmpdir. */
export const scriptDisk = {
  get_ready: "truncate -s 256K $tmpdir/disk",
  get_size: "echo 256K",
  pread: "dd if=$tmpdir/disk skip=$4 count=$3 iflag=count_bytes,skip_bytes 2>/dev/null",
  pwrite: "dd of=$tmpdir/disk seek=$4 conv=notrunc oflag=seek_bytes 2>/dev/null",
  flush: "exit 0",
  can_multi_conn: "exit 0",
};
