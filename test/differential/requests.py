# Sends random requests of the given kinds on several connections, one at a time, and prints the result of each.
import hashlib, os, random

kinds = os.environ["kinds"].split(",")
random.seed(int(os.environ["seed"]))


def connect():
    handle = nbd.NBD()
    handle.set_strict_mode(0)
    handle.add_meta_context("base:allocation")
    handle.connect_uri(os.environ["uri"])
    return handle


handles = [connect() for _ in range(int(os.environ["connections"]))]
h = handles[0]
size = h.get_size()
print("size", size)
able = {
    "read": True,
    "write": not h.is_read_only(),
    "zero": h.can_zero(),
    "trim": h.can_trim(),
    "flush": h.can_flush(),
    "cache": h.can_cache(),
    "extents": h.can_meta_context("base:allocation"),
}
print([able[kind] for kind in kinds], h.can_fua(), h.can_multi_conn())


def perform(kind, offset, length, fua):
    flags = nbd.CMD_FLAG_FUA if fua and h.can_fua() else 0
    if kind == "read":
        return hashlib.sha256(h.pread(length, offset)).hexdigest()[:8]
    if kind == "write":
        return h.pwrite(bytearray([random.randrange(256)]) * length, offset, flags)
    if kind == "zero":
        # NO_HOLE is not used: the extents would then depend on the readahead of the file system.
        return h.zero(length, offset, flags)
    if kind == "trim":
        return h.trim(length, offset, flags)
    if kind == "cache":
        return h.cache(length, offset)
    if kind == "extents":
        return described(h, offset, length)
    return h.flush()


for index in range(60):
    number = random.randrange(len(handles))
    if len(handles) > 1 and random.randrange(20) == 0:
        handles[number].shutdown()
        handles[number] = connect()
    h = handles[number]
    kind = random.choice(kinds)
    offset = random.randrange(max(1, size))
    length = random.choice([1, 511, 512, 4096, 65536, random.randrange(1, 150000)])
    # One of ten requests may go beyond the end of the disk.
    if random.randrange(10):
        length = max(1, min(length, size - offset))
    fua = random.randrange(2)
    if not able[kind]:
        continue
    try:
        answer = perform(kind, offset, length, fua)
    except nbd.Error as error:
        answer = error.errno
    print(index, number, kind, offset, length, fua, answer)
if able["flush"]:
    # Without multi-conn, each connection must flush its own writes.
    for h in handles:
        h.flush()
print(hashlib.sha256(h.pread(size, 0)).hexdigest() if size else "")
for h in handles:
    h.shutdown()
