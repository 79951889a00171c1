# Serves each disk of the list $uses with $program, one after the other, in a folder of its own that begins as a copy of
# the folder "files". Sends the same random requests to each, and prints a line of JSON with what the client has seen.
import hashlib, json, os, random, shutil

program = os.environ["program"].split("\n")
features = ["read_only", "can_flush", "can_fua", "can_trim", "can_zero", "can_fast_zero", "can_cache"]
features += ["can_multi_conn", "can_df", "is_rotational"]
block_sizes = ["minimum", "preferred", "maximum"]


def serve(use):
    name = "disk%d" % use["id"]
    shutil.copytree("files", name, symlinks=True)
    os.chdir(name)
    try:
        return look(use)
    except nbd.Error as error:
        return {"error": error.errno or "no connection"}
    finally:
        os.chdir("..")
        shutil.rmtree(name)


def look(use):
    files = " ".join("%d<%s" % (3 + at, file) for at, file in enumerate(use["descriptors"]))
    h = nbd.NBD()
    h.set_strict_mode(0)
    h.set_full_info(True)
    h.set_export_name(use["export"])
    h.add_meta_context("base:allocation")
    # A server with -s ends when the client has gone.
    h.connect_command(["sh", "-c", 'exec timeout --foreground --signal=KILL 60 "$@" 2>../stderr ' + files, "sh"] + program + ["-s"] + use["args"])
    size = h.get_size()
    able = {
        "read": True,
        "write": not h.is_read_only(),
        "zero": h.can_zero(),
        "trim": h.can_trim(),
        "flush": h.can_flush(),
        "cache": h.can_cache(),
        "extents": h.can_meta_context("base:allocation"),
    }
    unlike = use["without"] + ["can_" + kind for kind in use["without"]]
    kinds = [kind for kind in able if able[kind] and kind not in unlike]
    has_block_sizes = os.environ["blockSizes"] == "yes" and "block sizes" not in unlike
    seen = {
        "size": size,
        "able": kinds,
        "features": ["%s %s" % (feature, ask(h, feature)) for feature in features if feature not in unlike],
        "block sizes": [h.get_block_size(at) for at in range(3)] if has_block_sizes else None,
        "description": attempt(h.get_export_description),
        "before": contents(h, size, kinds),
    }
    random.seed(" ".join(use["args"]))
    seen["answers"] = [perform(h, random.choice(kinds), size, "fua" not in unlike) for _ in range(25 if size else 0)]
    if "flush" in kinds:
        seen["flush"] = attempt(h.flush)
    seen["after"] = contents(h, size, kinds)
    seen["end"] = attempt(h.shutdown)
    return seen


def ask(h, feature):
    if feature == "read_only":
        return h.is_read_only()
    return attempt(getattr(h, feature)) is True


def attempt(call, *args):
    try:
        return call(*args)
    except nbd.Error as error:
        return error.errno


# The first 16 MiB: the hash of the bytes, and the extents.
def contents(h, size, kinds):
    length = min(size, 1 << 24)
    if length == 0:
        return None
    try:
        digest = hashlib.sha256(h.pread(length, 0)).hexdigest()
    except nbd.Error as error:
        digest = error.errno
    return [digest, attempt(described, h, 0, length) if "extents" in kinds else None]


def perform(h, kind, size, has_fua):
    offset = random.randrange(size)
    length = random.choice([1, 511, 512, 4096, 65536, random.randrange(1, 150000)])
    # One of ten requests may go beyond the end of the disk.
    if random.randrange(10):
        length = max(1, min(length, size - offset))
    flags = nbd.CMD_FLAG_FUA if random.randrange(2) and has_fua and h.can_fua() else 0
    requests = {
        "read": lambda: hashlib.sha256(h.pread(length, offset)).hexdigest()[:8],
        "write": lambda: h.pwrite(random.randbytes(length), offset, flags),
        "zero": lambda: h.zero(length, offset, flags | random.choice([0, nbd.CMD_FLAG_NO_HOLE])),
        "trim": lambda: h.trim(length, offset, flags),
        "flush": h.flush,
        "cache": lambda: h.cache(length, offset),
        "extents": lambda: described(h, offset, length),
    }
    return [kind, offset, length, flags, attempt(requests[kind])]


with open("uses.json") as file:
    for use in json.load(file):
        print(json.dumps(serve(use)), flush=True)
