import { defineFilter, type Filter } from "../contract/filter.ts";
import { choice } from "../contract/parameter.ts";
import type { ThreadModel } from "../contract/plugin.ts";

const models = {
  requests: "serialize_requests",
  "all-requests": "serialize_all_requests",
  all_requests: "serialize_all_requests",
  connections: "serialize_connections",
} as const satisfies Record<string, ThreadModel>;

const modes = ["requests", "all-requests", "all_requests", "connections"] as const;

/** Serializes requests or connections: nbdkit-noparallel-filter(1). */
const noparallel: Filter = defineFilter({
  name: "noparallel",
  longname: "nbdkit noparallel filter",
  parameters: {
    serialize: choice(modes, {
      default: "requests",
      placeholder: "MODE",
      help: "What to serialize: requests (of each connection), all-requests, connections",
      aliases: ["serialise"],
    }),
  },
  threadModel: ({ serialize }) => models[serialize],
});
export default noparallel;
