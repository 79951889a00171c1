// Writes the commands as they are shipped; bundles.js says why they are bundled.
import { writeBundles } from "./bundles.js";

await writeBundles("dist/bundle");
