import { builtInPlugins } from "../../src/registry/plugins.ts";
import { testPage } from "../helpers/documentation.ts";

testPage("plugins.md", builtInPlugins);
