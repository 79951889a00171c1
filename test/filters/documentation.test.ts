import { builtInFilters } from "../../src/registry/filters.ts";
import { testPage } from "../helpers/documentation.ts";

testPage("filters.md", builtInFilters);
