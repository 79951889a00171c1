// Writes the bundles of the commands. bundles.js explains why the commands are bundled.
import { writeBundles } from "./bundles.js";

await writeBundles("dist/bundle");
