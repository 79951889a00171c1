declare module "node-gyp-build" {
  /** Loads the addon for this system from the `build/` or `prebuilds/` folder below `root`. */
  function load(root: string): unknown;
  namespace load {
    /** The path of the file that `load` would load; throws when there is none. */
    function resolve(root: string): string;
  }
  export default load;
}
