import blocksize from "../../src/filters/blocksize.ts";
import memory from "../../src/plugins/memory.ts";
import { testPlugin } from "../helpers/conformance.ts";

const filters = [blocksize];
testPlugin("blocksize", { plugin: memory, filters, parameters: { size: "300001" }, runs: 20 });
testPlugin("blocksize=4k", {
  plugin: memory,
  filters,
  parameters: { size: "300001", minblock: "4k", maxdata: "8k", maxlen: "12k" },
});
