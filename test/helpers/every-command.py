# For nbdsh: sends every option, command and flag to the server at `sock`, valid and invalid ones, and prints
# a line for each result. The disk has 1 MiB. It is written in pages of 32 KiB, the allocation unit of every
# server in the comparison.
import errno

M = 1024 * 1024
page = 32768


def attempt(what, action):
    try:
        result = action()
    except nbd.Error as error:
        result = errno.errorcode.get(error.errnum, error.errnum)
    print("%s: %s" % (what, result), flush=True)


def collect(call):
    found = []
    call(lambda *values: found.append(values))
    return found


def contexts(*queries):
    h.clear_meta_contexts()
    for query in queries:
        h.add_meta_context(query)
    return collect(h.opt_list_meta_context)


def status(offset, length, flags=0):
    found = []
    h.block_status(length, offset, lambda context, start, entries, error: found.append((context, start, list(entries))), flags)
    return found


def structured(length, offset, flags=0):
    found = []
    data = h.pread_structured(length, offset, lambda data, start, kind, error: found.append((start, len(data), kind)), flags)
    return found, bytes(data[:4])


# Strict mode is off, so that the server refuses invalid requests, and not libnbd.
h.set_strict_mode(0)
h.set_opt_mode(True)
h.set_full_info(True)
h.add_meta_context("base:allocation")
h.connect_unix(sock)

attempt("list", lambda: collect(h.opt_list))
attempt("info", h.opt_info)
attempt("size", h.get_size)
attempt("canonical name", h.get_canonical_export_name)
attempt("contexts", contexts)
attempt("contexts base:", lambda: contexts("base:"))
attempt("contexts unknown", lambda: contexts("x:y", "base:unknown"))
attempt("contexts exact", lambda: contexts("base:allocation"))
attempt("go", h.opt_go)
attempt("protocol", h.get_protocol)
attempt("structured replies", h.get_structured_replies_negotiated)
attempt("base:allocation", lambda: h.can_meta_context("base:allocation"))
for can in ["cache", "df", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero"]:
    attempt("can " + can, getattr(h, "can_" + can))
attempt("read-only", h.is_read_only)
attempt("rotational", h.is_rotational)

attempt("write", lambda: h.pwrite(b"0123456789abcdef" * (page // 16), page))
attempt("write fua", lambda: h.pwrite(b"FUA!" * (page // 4), 0, nbd.CMD_FLAG_FUA))
attempt("read", lambda: bytes(h.pread(8, page - 4)))
attempt("read structured", lambda: structured(2 * page, 0))
attempt("read df", lambda: structured(4 * page, 0, nbd.CMD_FLAG_DF))
attempt("status", lambda: status(0, M))
attempt("status one", lambda: status(0, M, nbd.CMD_FLAG_REQ_ONE))
attempt("status middle", lambda: status(page // 2, page))
attempt("flush", h.flush)
attempt("zero", lambda: h.zero(page, 0))
attempt("zero no hole", lambda: h.zero(page, page, nbd.CMD_FLAG_NO_HOLE))
attempt("zero fua", lambda: h.zero(page, 2 * page, nbd.CMD_FLAG_FUA))
if h.can_fast_zero():  # nbdkit 1.32 aborts when it is asked without having offered it
    attempt("zero fast", lambda: h.zero(page, 3 * page, nbd.CMD_FLAG_FAST_ZERO))
    attempt("zero every way", lambda: h.zero(page, 4 * page, nbd.CMD_FLAG_FUA | nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FAST_ZERO))
attempt("read zeroes", lambda: bytes(h.pread(2 * page, 0)) == bytes(2 * page))
attempt("trim", lambda: h.trim(page, 2 * page))
attempt("trim fua", lambda: h.trim(page, 0, nbd.CMD_FLAG_FUA))
attempt("cache", lambda: h.cache(M, 0))

attempt("read past the end", lambda: h.pread(2, M - 1))
attempt("read at the end", lambda: h.pread(1, M))
attempt("read far away", lambda: h.pread(1, 2**63))
attempt("read around", lambda: h.pread(1, 2**64 - 1))
attempt("write past the end", lambda: h.pwrite(b"12", M - 1))
attempt("write far away", lambda: h.pwrite(b"12", 2**63 - 1))
attempt("zero past the end", lambda: h.zero(2, M - 1))
attempt("zero too much", lambda: h.zero(2 * M, 0))
attempt("trim past the end", lambda: h.trim(2, M - 1))
attempt("cache past the end", lambda: h.cache(2, M - 1))
attempt("status past the end", lambda: status(M - 1, 2))
attempt("read nothing", lambda: h.pread(0, 0))
attempt("write nothing", lambda: h.pwrite(b"", 0))
attempt("zero nothing", lambda: h.zero(0, 0))
attempt("trim nothing", lambda: h.trim(0, 0))
attempt("cache nothing", lambda: h.cache(0, 0))
attempt("status of nothing", lambda: status(0, 0))
attempt("read with fua", lambda: bytes(h.pread(1, M - 1, nbd.CMD_FLAG_FUA)))
attempt("flush with fua", lambda: h.flush(nbd.CMD_FLAG_FUA))
attempt("cache with fua", lambda: h.cache(1, 0, nbd.CMD_FLAG_FUA))
attempt("status with fua", lambda: status(M - page, page, nbd.CMD_FLAG_FUA))
attempt("read with no hole", lambda: h.pread(1, 0, nbd.CMD_FLAG_NO_HOLE))
attempt("write with df", lambda: h.pwrite(b"1", 0, nbd.CMD_FLAG_DF))
attempt("write with no hole", lambda: h.pwrite(b"1", 0, nbd.CMD_FLAG_NO_HOLE))
attempt("flush with df", lambda: h.flush(nbd.CMD_FLAG_DF))
attempt("trim with one", lambda: h.trim(1, 0, nbd.CMD_FLAG_REQ_ONE))
attempt("zero with one", lambda: h.zero(1, 0, nbd.CMD_FLAG_REQ_ONE))
attempt("read in the end", lambda: bytes(h.pread(1, M - 1)))
h.shutdown()

h = nbd.NBD()
h.set_opt_mode(True)
h.connect_unix(sock)
attempt("abort", h.opt_abort)
attempt("closed", h.aio_is_closed)
