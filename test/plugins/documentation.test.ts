import { builtInPlugins } from "../../src/registry/plugins.ts";
import { testPage } from "../helpers/documentation.ts";

testPage("docs/plugins.md", builtInPlugins);
