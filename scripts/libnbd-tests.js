// Runs the tests of libnbd twice, with another nbdkit and with this one, and prints the tests whose results
// differ: node scripts/libnbd-tests.js TREE [FOLDER...]
//
// TREE is a source tree of libnbd after ./configure && make. FOLDER is a folder in it, such as info or copy;
// without one, all tests run. The other nbdkit is the one in $PATH, or the one in the folder $NBDKIT_REFERENCE.
// The status is 1 when a test passes only with the other one. The .log files in TREE are those of the second
// run.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const [tree, ...folders] = process.argv.slice(2);
if (tree === undefined || !existsSync(join(tree, "Makefile"))) {
  console.error(
    "give the source tree of libnbd, after ./configure && make: node scripts/libnbd-tests.js TREE",
  );
  process.exit(1);
}

const reference = testWith(process.env.NBDKIT_REFERENCE);
const ours = testWith(fileURLToPath(new URL("../bin", import.meta.url)));
report();
const lost = [...reference.results].some(
  ([name, result]) => result === "PASS" && ours.results.get(name) !== "PASS",
);
process.exitCode = lost ? 1 : 0;

/** Runs the tests with the nbdkit of a folder first in $PATH. */
function testWith(folder) {
  const path = [folder, process.env.PATH].filter((one) => one !== undefined).join(delimiter);
  const env = { ...process.env, PATH: path };
  const { stdout, error } = spawnSync("nbdkit", ["--version"], { env, encoding: "utf8" });
  if (error) throw error;
  const version = stdout.trim();
  console.error(`testing with ${version}`);
  for (const file of resultFiles()) rmSync(file);
  for (const one of folders.length > 0 ? folders : ["."]) {
    // A failed test is a result; -k goes on with the other folders. The output would hide ours.
    const { error } = spawnSync("make", ["-k", "-C", join(tree, one), "check"], { env, stdio: "ignore" });
    if (error) throw error;
  }
  const results = new Map(resultFiles().map((file) => [nameOf(file), resultIn(file)]));
  if (results.size === 0) throw new Error(`make check ran no tests in ${tree}`);
  return { version, results };
}

/** The files in which automake's test driver leaves the results. */
function resultFiles() {
  const names = readdirSync(tree, { recursive: true }).filter((name) => name.endsWith(".trs"));
  return names.map((name) => join(tree, name)).sort();
}

function nameOf(file) {
  return relative(tree, file).replace(/\.trs$/, "");
}

function resultIn(file) {
  return /^:test-result: (\w+)/m.exec(readFileSync(file, "utf8"))?.[1] ?? "none";
}

function report() {
  const names = [...new Set([...reference.results.keys(), ...ours.results.keys()])].sort();
  const rows = names.map((name) => [
    name,
    reference.results.get(name) ?? "none",
    ours.results.get(name) ?? "none",
  ]);
  const different = rows.filter(([, one, other]) => one !== other);
  console.log(`| test | ${reference.version} | ${ours.version} |\n| --- | --- | --- |`);
  for (const row of different) console.log(`| ${row.join(" | ")} |`);
  console.log(`| ${names.length} tests: | ${summary(reference)} | ${summary(ours)} |`);
}

/** The number of tests with each result: "237 PASS, 14 SKIP". */
function summary({ results }) {
  const counts = new Map();
  for (const result of results.values()) counts.set(result, (counts.get(result) ?? 0) + 1);
  return [...counts].map(([result, count]) => `${count} ${result}`).join(", ");
}
