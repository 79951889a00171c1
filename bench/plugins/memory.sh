#!/bin/sh
case "$1" in
  config) truncate -s "$3" "$tmpdir/disk" ;;
  get_size) stat -c %s "$tmpdir/disk" ;;
  pread) dd if="$tmpdir/disk" iflag=skip_bytes,count_bytes skip="$4" count="$3" bs=64k status=none ;;
  pwrite) dd of="$tmpdir/disk" oflag=seek_bytes seek="$4" bs=64k conv=notrunc status=none ;;
  can_write) ;;
  *) exit 2 ;;
esac
