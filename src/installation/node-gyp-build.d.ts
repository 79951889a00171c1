declare module "node-gyp-build" {
  /** Loads the addon for this system from the `build/` or `prebuilds/` folder below `root`. */
  export default function load(root: string): unknown;
}
