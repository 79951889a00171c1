# Sends the requests in $steps, such as "write0" (a write on connection 0), and adds them to the log of the filter "log".
import os, re

uri, log = os.environ["uri"], os.environ["log"]
handles = [nbd.NBD() for _ in range(3)]


def note(text):
    with open(log, "a") as file:
        file.write("asked: %s\n" % text)


def perform(handle, step, flags):
    if step == "write":
        handle.pwrite(b"x" * 512, 0, flags)
    elif step == "zero":
        handle.zero(512, 0, flags)
    elif step == "trim":
        handle.trim(512, 0, flags)
    elif step == "read":
        handle.pread(512, 0)
    elif step == "flush":
        handle.flush()


# Connect one after the other, so that the connections have the same numbers in each run.
for handle in handles:
    handle.set_strict_mode(0)
    handle.connect_uri(uri)
note("multi-conn %s, FUA %s" % (handles[0].can_multi_conn(), handles[0].can_fua()))
for word in os.environ["steps"].split():
    step, fua, number = re.match(r"(\w+)(\+?)(\d)$", word).groups()
    note(word)
    handle = handles[int(number)]
    if step == "leave":
        handle.shutdown()
    else:
        perform(handle, step, nbd.CMD_FLAG_FUA if fua else 0)
note("the end")
