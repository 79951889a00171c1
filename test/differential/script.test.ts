import { chmodSync } from "node:fs";
import { expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle } from "./oracle.ts";

/** A script with all methods. It appends each call to the file $CALLS. */
const script = `#!/bin/sh
echo "$*" >> "$CALLS"
disk=$tmpdir/disk
case "$1" in
  magic_config_key) echo name ;;
  config) test "$2" != refused || { echo "EINVAL not this one" >&2; exit 1; } ;;
  thread_model) echo parallel ;;
  get_ready) truncate -s 1M "$disk" ;;
  list_exports) printf 'INTERLEAVED\\none\\nthe first\\ntwo\\nthe second\\n' ;;
  default_export) printf 'one\\n' ;;
  open) echo "handle-$3" ;;
  get_size) echo 1M ;;
  block_size) echo "1 4K 1M" ;;
  export_description) echo "a disk" ;;
  can_write|can_flush|can_trim|can_zero|can_extents|can_multi_conn|is_rotational) exit 0 ;;
  can_fast_zero) exit 3 ;;
  can_fua|can_cache) echo native ;;
  pread)
    test "$4" != 65536 || { echo "ENOSPC no more" >&2; exit 1; }
    dd if="$disk" skip="$4" count="$3" iflag=count_bytes,skip_bytes 2>/dev/null ;;
  pwrite) dd of="$disk" seek="$4" conv=notrunc oflag=seek_bytes 2>/dev/null ;;
  zero) case "$5" in *may_trim*) echo EOPNOTSUPP >/dev/stderr; exit 1 ;; esac
    dd if=/dev/zero of="$disk" seek="$4" count="$3" conv=notrunc iflag=count_bytes oflag=seek_bytes 2>/dev/null ;;
  extents) printf '0 64K\\n64K 64K hole\\n128K 128K 3\\n256K 768K hole,zero\\n' ;;
  load|unload|config_complete|after_fork|preconnect|close|flush|trim|cache) exit 0 ;;
  *) exit 2 ;;
esac
`;

const session = `
h.set_strict_mode(0)
def attempt(f):
  try: return f()
  except nbd.Error as e: return e.errno
h.pwrite(b"x" * 512, 512)
h.pwrite(b"y" * 512, 1024, nbd.CMD_FLAG_FUA)
print(bytes(h.pread(2048, 0)))
h.zero(100, 512, nbd.CMD_FLAG_NO_HOLE)
h.zero(100, 1024)
print(bytes(h.pread(2048, 0)))
print(attempt(lambda: h.pread(512, 65536)))
h.trim(4096, 0, nbd.CMD_FLAG_FUA)
h.cache(4096, 8192)
h.flush()
print(h.get_size(), h.can_multi_conn(), h.is_rotational(), h.can_fua(), h.can_cache(), h.can_fast_zero())
print(h.get_block_size(1))
h.block_status(1024*1024, 0, lambda c, o, e, err: print(o, e))
`;

async function outcomeWith(program: string, args: readonly string[], look: string) {
  await using sandbox = new Sandbox();
  chmodSync(sandbox.file("script", script), 0o755);
  sandbox.file("session.py", session);
  const CALLS = sandbox.file("calls", "");
  const outcome = await outcomeOf(
    sandbox.start(program, ["-U", "socket", ...args, "--run", look], { env: { CALLS }, timeout: 60_000 }),
  );
  return { ...outcome, left: sandbox.leftFiles, calls: sandbox.read("calls")!.trim().split("\n") };
}

/** Matches the calls of the script for requests of clients, which come in the order of the requests. */
const asked = /^(open|pread|pwrite|zero|trim|flush|cache|extents|config|load|preconnect|get_ready|unload) ?/;

const nbdsh = `nbdsh --base-allocation -u "$uri" -c "$(cat session.py)"`;

function firstError({ stderr }: Outcome): string {
  return stderr.split("\n", 1)[0]!.replace(/^nbdkit: (?:\S+: )?error: /, "");
}

describeWithOracle(["nbdinfo", "nbdsh"], "our plugins sh and eval call a script like nbdkit:", () => {
  it("for all requests of a client", async () => {
    const args = ["sh", "script", "a=1", "bare", "b=two words"];
    const theirs = await outcomeWith(oracle, args, nbdsh);
    const ours = await outcomeWith(nbdkit, args, nbdsh);
    expect(theirs.status).toBe(0);
    expect(ours).toMatchObject({ status: 0, stdout: theirs.stdout, left: [] });
    const of = (calls: readonly string[]) => calls.filter((line) => asked.test(line));
    expect(of(ours.calls)).toEqual(of(theirs.calls));
    // Two differences: nbdkit does not call close at exit, and calls export_description only when a client
    // asks for it.
    const all = (calls: readonly string[]) =>
      [...new Set(calls)].filter((line) => !/^(close|export_description)/.test(line)).sort();
    expect(all(ours.calls)).toEqual(all(theirs.calls));
  });

  it("for a list of exports", async () => {
    const look = 'nbdinfo --list "$uri" | grep -vE "uri|protocol"';
    const [theirs, ours] = [
      await outcomeWith(oracle, ["sh", "script"], look),
      await outcomeWith(nbdkit, ["sh", "script"], look),
    ];
    expect(ours).toMatchObject({ status: 0, stdout: theirs.stdout });
  });

  const disk = ["eval", "get_size=echo 64K", "pread=head -c $3 /dev/zero"];
  it.each([
    [[...disk, "default_export=echo INTERLEAVED; echo chosen; echo described", "open=printf '%s' \"$3\""]],
    [[...disk, "list_exports=echo NAMES+DESCRIPTIONS; echo a; echo b; echo first; echo second"]],
    [[...disk, "list_exports=echo NAMES; echo a; echo b"]],
    [[...disk, "list_exports=echo a; printf b"]],
    [[...disk, "list_exports=printf 'INTERLEAVED\\na\\nfirst\\nb\\n'"]],
    [[...disk, "list_exports=printf 'NAMES+DESCRIPTIONS\\na\\nb\\nfirst\\n'"]],
    [
      [
        "eval",
        "config=echo $3 >$tmpdir/$2",
        "get_size=cat $tmpdir/size",
        "pread=head -c $3 /dev/zero",
        "size=1M",
      ],
    ],
  ])("clients see the same exports with %j", async (args) => {
    const look = 'for how in "" --map --list; do nbdinfo $how "$uri" | grep -vE "uri|protocol" ; done';
    const [theirs, ours] = [await outcomeWith(oracle, args, look), await outcomeWith(nbdkit, args, look)];
    expect(theirs.stderr).toBe("");
    expect(ours).toMatchObject({ status: theirs.status, stdout: theirs.stdout, stderr: "", left: [] });
  });

  it.each([
    ["list", "go"],
    ["info y", "info", "info z", "go"],
    ["info", "list"],
  ])("default_export is called as often: %s, %s", async (...steps) => {
    const given = steps.filter((step) => step !== undefined);
    const code = `
h.connect_uri("$uri")
for step in ${JSON.stringify(given)}:
  how, _, name = step.partition(" ")
  h.set_export_name(name)
  try: print(h.opt_list(lambda *found: print(found)) if how == "list" else h.opt_info() if how == "info" else h.opt_go())
  except nbd.Error as e: print(e.errno)`;
    const note = (words: string) => `echo ${words} >> "$CALLS"`;
    for (const answer of ["echo chosen", "echo EIO none >&2; exit 1"]) {
      const args = [
        ...disk,
        `default_export=${note("default")}; ${answer}`,
        `open=${note("open $3")}; echo 1`,
      ];
      const look = `nbdsh --opt-mode -c '${code.replace('"$uri"', `"'"$uri"'"`)}'`;
      const [theirs, ours] = [await outcomeWith(oracle, args, look), await outcomeWith(nbdkit, args, look)];
      expect([ours.status, ours.stdout, ours.calls]).toEqual([theirs.status, theirs.stdout, theirs.calls]);
      expect(ours.calls).toContain("default");
    }
  });

  it.each([
    [["sh"], ["script"]],
    [["sh", "foo=1"], ["the first parameter must be script="]],
    [["sh", "nothing"], ["realpath: nothing: No such file or directory"]],
    [["sh", "script", "refused=1"], ["not this one"]],
    [[...disk, "foo=1"], ["callback 'foo' is unknown"]],
    [[...disk, "pread=exit 0"], ["method pread defined more than once"]],
    [[...disk, "get_ready=echo EPERM not today >&2; exit 1"], ["not today"]],
    [[...disk, "get_ready=exit 3"], ["get_ready method returned unexpected code (3/false)"]],
    [[...disk, "thread_model=echo broken >&2; exit 1"], ["broken"]],
    [[...disk, "config_complete=exit 1"], ["script exited with error, but did not print an error message"]],
    [[...disk, "get_ready=kill -9 $$"], ["script terminated by signal 9"]],
  ])("%j is refused", async (args, words) => {
    const [theirs, ours] = [await outcomeWith(oracle, args, ":"), await outcomeWith(nbdkit, args, ":")];
    expect([theirs.status, ours.status]).toEqual([1, 1]);
    for (const word of words) {
      expect(firstError(theirs)).toContain(word);
      expect(firstError(ours)).toContain(word);
    }
    expect(ours.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(ours.left).toEqual([]);
  });

  it.each([
    "EPERM",
    "eio",
    "ENOMEM x",
    "EINVAL",
    "ENOSPC y",
    "EROFS",
    "EDQUOT",
    "EFBIG",
    "EOVERFLOW",
    "ENOTSUP",
    "EOPNOTSUPP",
    "EINVALID",
    "x",
  ])("the error is the same for a script that fails with %s", async (text) => {
    const code = "try:\n  h.pread(512, 0)\nexcept nbd.Error as e:\n  print(e.errno)";
    const args = ["eval", "get_size=echo 64K", `pread=echo '${text}' >&2; exit 1`];
    const look = `nbdsh -u "$uri" -c '${code}'`;
    const [theirs, ours] = [await outcomeWith(oracle, args, look), await outcomeWith(nbdkit, args, look)];
    expect(ours.stdout).toBe(theirs.stdout);
    expect(ours.stdout).not.toBe("");
  });
});
