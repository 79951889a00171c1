import { builtInFilters } from "../../src/registry/filters.ts";
import { testPage } from "../helpers/documentation.ts";

testPage("docs/filters.md", builtInFilters);
