import { setMaxListeners } from "node:events";

/** For a signal that all requests of a client, or of all clients, may listen to at once, which is no leak. */
export function sharedAbort(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
