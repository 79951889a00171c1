import { defineFilter, type Filter } from "../contract/filter.ts";
import { boolean, path, text } from "../contract/parameter.ts";
import { threadModels } from "../contract/plugin.ts";
import { LoggedConnection, shown } from "./log/connection.ts";
import { Journal, quoted } from "./log/journal.ts";

interface State {
  readonly file: string | undefined;
  readonly append: boolean;
  readonly journal: Journal;
  connections: number;
  listings: number;
  preconnects: number;
}

/** Logs the requests of clients: nbdkit-log-filter(1). */
const log: Filter = defineFilter({
  name: "log",
  longname: "nbdkit log filter",
  parameters: {
    logfile: path({ defaultText: "none", help: "Log file" }),
    logappend: boolean({ default: false, help: "Append to the log file instead of overwriting it" }),
    logscript: text({
      placeholder: "SCRIPT",
      defaultText: "none",
      help: "Shell script to run for each log entry",
    }),
  },
  configComplete: ({ logfile: file, logappend: append, logscript }, host): State => {
    const journal = new Journal(logscript, host);
    return { file, append, journal, connections: 0, listings: 0, preconnects: 0 };
  },
  async getReady(state, _host, threadModel) {
    if (state.file !== undefined) state.journal.open(state.file, state.append);
    await state.journal.print({ name: "Ready" }, { thread_model: String(threadModels.indexOf(threadModel)) });
  },
  async preconnect(state, { readOnly }) {
    const act = { name: "Preconnect", id: ++state.preconnects };
    const asked = { readonly: shown(readOnly) };
    await state.journal.logCall(
      act,
      asked,
      () => {},
      () => ({}),
    );
  },
  listExports(next, state, request) {
    const act = { name: "ListExports", id: ++state.listings };
    const asked = { readonly: shown(request.readOnly), tls: shown(request.tls) };
    return state.journal.logCall(
      act,
      asked,
      () => next(request),
      (found) => ({ exports: { words: found.map(({ name }) => quoted(name)) } }),
    );
  },
  async open(next, state, request) {
    const connection = new LoggedConnection(state.journal, ++state.connections);
    await connection.opened(next, request);
    return { ...connection.changes(next, request), close: () => connection.closed() };
  },
  cleanup: ({ journal }) => journal.close(),
});
export default log;
