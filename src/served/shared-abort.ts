import { setMaxListeners } from "node:events";

/**
 * Creates a controller whose signal any number of requests may listen to. Node would otherwise warn of a leak
 * from 11 listeners on.
 */
export function sharedAbort(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
