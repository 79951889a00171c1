import { defineFilter, type Filter } from "../contract/filter.ts";
import { list, size } from "../contract/parameter.ts";
import { requireBlockStart } from "../served/block-size.ts";
import { mapping } from "./map/mapping.ts";
import { parseRule, segmentsOf } from "./map/rules.ts";

/** Moves parts of a disk to other places: nbdkit-map-filter(1). */
const map: Filter = defineFilter({
  name: "map",
  longname: "nbdkit map filter",
  parameters: {
    map: list(parseRule, {
      default: [],
      placeholder: "START-END:DEST",
      accepts: "START-END:DEST, in bytes",
      help: "Send requests for the bytes START to END, END included, to the bytes from DEST on; the first range counts",
    }),
    "map-size": size({ defaultText: "that of the disk below", help: "Size of the disk" }),
  },
  configComplete: ({ map, "map-size": size }) => ({ rules: map, size, segments: segmentsOf(map) }),
  open(next, { rules, size = next.size, segments }) {
    if (rules.length === 0 && size === next.size) return {};
    for (const { offset, length, shift, rule } of rules) {
      requireBlockStart("map", `map=${rule}`, next, [offset, offset + length, offset + shift]);
    }
    if (size !== next.size) requireBlockStart("map", `the end of map-size=${size}`, next, [size]);
    return {
      size,
      ...mapping(next, segments),
      // With emulated FUA, the server flushes once after all pieces; passed on, each piece would flush.
      nativeFua: next.nativeFua === true && next.fuaByFlushing !== true,
      metaContexts: undefined,
    };
  },
});
export default map;
