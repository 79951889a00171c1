import evaluate from "../../src/plugins/eval.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { scriptDisk } from "../helpers/script-disk.ts";

testPlugin("eval", { plugin: evaluate, parameters: scriptDisk, runs: 2 });
