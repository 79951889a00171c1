import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf, run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle } from "./oracle.ts";

const filters = ["exitlast", "exitwhen", "retry", "retry-request", "tar"];

/** Returns the names of a filter's parameters from --help. */
function named({ stdout }: Outcome): string[] {
  const filterPart = stdout.slice(stdout.indexOf("filter: "), stdout.indexOf("plugin: "));
  return [...filterPart.matchAll(/^([\w-]+)=/gm)].map(([, name]) => name!);
}

describeWithOracle([], "our filters have the parameters of nbdkit's filters:", () => {
  it.each(filters)("--help of %s", async (filter) => {
    const args = [`--filter=${filter}`, "null", "--help"];
    const [theirs, ours] = [await run(oracle, args), await run(nbdkit, args)];
    expect(theirs.stdout).toContain(`filter: ${filter} (`);
    expect(ours.stdout).toContain(/^filter: .*$/m.exec(theirs.stdout)![0]);
    expect(named(ours)).toEqual(expect.arrayContaining(named(theirs)));
  });
});

/** Command lines with the same result in both, and words that both error messages contain. */
const cases: readonly { readonly args: readonly string[]; readonly words?: readonly string[] }[] = [
  { args: ["--filter=exitlast", "memory", "1M", "--run", "nbdinfo --size $uri"] },
  { args: ["--filter=exitwhen", "memory", "1M", "--run", "nbdinfo --size $uri"] },
  { args: ["-f", "--filter=exitwhen", "memory", "1M", "exit-when-file-created=disk"] },
  { args: ["-f", "--filter=exitwhen", "memory", "1M", "exit-when-file-deleted=nothing"] },
  { args: ["-f", "--filter=exitwhen", "memory", "1M", "exit-when-script=exit 88"] },
  { args: ["--filter=exitwhen", "memory", "1M", "exit-when-file-created=disk"] },
  { args: ["--filter=retry", "memory", "1M", "retries=0", "--run", "nbdinfo --size $uri"] },
  { args: ["--filter=retry-request", "memory", "1M", "--run", "nbdinfo --size $uri"] },
  { args: ["--filter=tar", "file", "disk", "tar-entry=a", "--run", "nbdinfo --size $uri 2>/dev/null"] },
];

async function runIn(program: string, args: readonly string[]): Promise<Outcome> {
  await using sandbox = new Sandbox();
  sandbox.file("disk", "x".repeat(5120));
  return await outcomeOf(sandbox.start(program, ["-U", "socket", ...args], { timeout: 30_000 }));
}

describeWithOracle(["nbdinfo"], "our filters behave like nbdkit's filters:", () => {
  describe.each(cases.map((one) => [one.args.join(" "), one] as const))(
    "%s",
    (_title, { args, words = [] }) => {
      it("gives the same exit status, output and kind of message", async () => {
        const [theirs, ours] = [await runIn(oracle, args), await runIn(nbdkit, args)];
        const plain = ({ status, stdout }: Outcome) => ({
          status,
          stdout: stdout.startsWith("nbdkit [") ? "" : stdout,
        });
        expect(plain(ours), ours.stderr).toEqual(plain(theirs));
        expect(ours.stderr === "", ours.stderr).toBe(theirs.stderr === "");
        for (const word of words) {
          expect(theirs.stderr).toContain(word);
          expect(ours.stderr).toContain(word);
        }
      });
    },
  );
});
