import { builtInPlugins } from "../../src/registry/plugins.ts";
import { testSections } from "../helpers/documentation.ts";

testSections("docs/plugins.md", builtInPlugins);
