import fua from "../../src/filters/fua.ts";
import memory from "../../src/plugins/memory.ts";
import { testPlugin } from "../helpers/conformance.ts";

const filters = [fua];
for (const mode of ["none", "emulate", "native", "force", "pass", "discard"])
  testPlugin(`fuamode=${mode}`, {
    plugin: memory,
    filters,
    parameters: { size: "300001", fuamode: mode },
    runs: 10,
  });
