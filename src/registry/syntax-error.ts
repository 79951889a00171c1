import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { isError } from "../core/errors.ts";

/**
 * Returns the place of the syntax error that keeps a module, or one of its imports, from loading.
 *
 * @param url URL of the module to load
 * @returns "/path/of/file.mjs:LINE"; undefined for other errors, and where Node.js does not report the place
 */
export async function placeOf(error: unknown, url: string): Promise<string | undefined> {
  if (!isError(error) || error.name !== "SyntaxError") return undefined;
  const { stack = "" } = error;
  // For CommonJS, TypeScript and imports of missing exports, Node.js puts the place above the message.
  const [, file, line] = /^(file:\/\/[^\n]*|\/[^\n]*):(\d+)\n/.exec(stack) ?? [];
  if (file !== undefined && line !== undefined) return placeIn(file, line);
  // An error with stack frames in a module was thrown by running code, such as JSON.parse: it is no syntax
  // error of the module.
  const hasRun = /^ +at .*(?:file:\/\/|\(\/)/m.test(stack);
  return hasRun ? undefined : await placeByInspector(url);
}

function placeIn(file: string, line: string | number): string {
  return `${file.startsWith("file:") ? fileURLToPath(file) : file}:${line}`;
}

/**
 * For an ECMAScript module, only V8's inspector reports the place. A worker thread, which has its own module
 * cache, parses the module once more. Because one of the modules cannot be parsed, none of them runs.
 */
function placeByInspector(url: string): Promise<string | undefined> {
  const worker = new Worker(inspecting, { eval: true, workerData: url, execArgv: [] });
  return new Promise((resolve) => {
    worker.once("message", ({ file, line }: { readonly file?: string; readonly line: number }) =>
      resolve(file ? placeIn(file, line) : undefined),
    );
    // Without the place, the error itself still reaches the user.
    worker.once("error", () => resolve(undefined));
    worker.once("exit", () => resolve(undefined));
  });
}

/** The code of the worker thread. */
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
