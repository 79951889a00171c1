import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/**
 * Where a module, or one that it imports, has the syntax error that keeps it from loading.
 * @param url of the module that was to be loaded
 * @returns "/path/of/file.mjs:LINE"; undefined for what is no such error, and where Node.js does not tell
 */
export async function placeOf(error: unknown, url: string): Promise<string | undefined> {
  const { name, stack = "" } = error as Partial<Error>;
  if (name !== "SyntaxError") return undefined;
  // Node.js puts the place above the message for CommonJS, TypeScript and imports of what is not exported.
  const [, file, line] = /^(file:\/\/[^\n]*|\/[^\n]*):(\d+)\n/.exec(stack) ?? [];
  if (file !== undefined && line !== undefined) return placeIn(file, line);
  // What a running module threw, such as JSON.parse, is no error of its syntax.
  const hasRun = /^ +at .*(?:file:\/\/|\(\/)/m.test(stack);
  return hasRun ? undefined : await placeByInspector(url);
}

function placeIn(file: string, line: string | number): string {
  return `${file.startsWith("file:") ? fileURLToPath(file) : file}:${line}`;
}

/**
 * For an ECMAScript module only the engine knows the place, and only V8's inspector tells it. The module is parsed once more in a
 * thread, whose modules are its own. As one of them cannot be parsed, none of them runs.
 */
function placeByInspector(url: string): Promise<string | undefined> {
  const worker = new Worker(inspecting, { eval: true, workerData: url, execArgv: [] });
  return new Promise((resolve) => {
    worker.once("message", ({ file, line }: { readonly file?: string; readonly line: number }) =>
      resolve(file ? placeIn(file, line) : undefined),
    );
    // Without its place, the error itself still reaches the user.
    worker.once("error", () => resolve(undefined));
    worker.once("exit", () => resolve(undefined));
  });
}

/** Runs in the thread. */
const inspecting = `
const { parentPort, workerData: url } = require("node:worker_threads");
const { Session } = require("node:inspector");
const files = new Map();
const session = new Session();
session.connect();
session.on("Debugger.scriptFailedToParse", ({ params }) => files.set(params.scriptId, params.url));
session.post("Debugger.enable");
import(url).catch((error) => {
  globalThis.error = error;
  session.post("Runtime.evaluate", { expression: "error" }, (_, { result }) => {
    session.post("Runtime.getExceptionDetails", { errorObjectId: result.objectId }, (_, { exceptionDetails }) => {
      const { scriptId, lineNumber } = exceptionDetails;
      parentPort.postMessage({ file: files.get(scriptId), line: lineNumber + 1 });
    });
  });
});
`;
