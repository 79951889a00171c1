import { execFileSync } from "node:child_process";
import type { TestContext } from "vitest";
import { describeWith, toolPath } from "../helpers/tools.ts";
import type { Versions } from "./case.ts";

/** The nbdkit that ours is compared with: the program in $NBDKIT_ORACLE, or else the first one in PATH. */
export const oracle: string = process.env.NBDKIT_ORACLE ?? toolPath("nbdkit") ?? "nbdkit";

/** The version that the oracle prints, such as "1.32.5"; undefined when no nbdkit is installed. */
export const oracleVersion: string | undefined =
  process.env.NBDKIT_ORACLE === undefined && toolPath("nbdkit") === undefined ? undefined : versionOf(oracle);

/** Like `describeWith`, for tests that also need the oracle. The title names its version. */
export function describeWithOracle(tools: string[], title: string, body: () => void): void {
  if (oracleVersion === undefined) describeWith(["nbdkit", ...tools], title, body);
  else describeWith(tools, `${title} (nbdkit ${oracleVersion})`, body);
}

/** Whether the oracle's version is one of these. */
export function isInOracle({ since = "0.0", before }: Versions): boolean {
  return oracleIsSince(since) && (before === undefined || !oracleIsSince(before));
}

/** Skips a test whose versions do not include that of the oracle. */
export function skipForOther({ since, before }: Versions, { skip }: Pick<TestContext, "skip">): void {
  if (since !== undefined && !oracleIsSince(since))
    skip(`nbdkit behaves so since ${since}, and the oracle is ${oracleVersion}`);
  if (before !== undefined && oracleIsSince(before))
    skip(`nbdkit ${before} has dropped this, and the oracle is ${oracleVersion}`);
}

/** Whether the oracle has this version, such as "1.40", or a later one. */
function oracleIsSince(version: string): boolean {
  const [major = 0, minor = 0] = numbers(oracleVersion ?? "0");
  const [sinceMajor = 0, sinceMinor = 0] = numbers(version);
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}

function numbers(version: string): readonly number[] {
  return version.split(".").map(Number);
}

function versionOf(program: string): string {
  const line = execFileSync(program, ["--version"], { encoding: "utf8" });
  const version = /^nbdkit (\d+\.\d+\.\d+)/.exec(line)?.[1];
  if (version === undefined)
    throw new Error(`${program} --version: "${line.trim()}" is not a version of nbdkit`);
  return version;
}
