declare module "node-gyp-build" {
  /** Loads the addon for this system from the `build/` or `prebuilds/` folder below `root`. */
  function load(root: string): unknown;
  namespace load {
    /** The file that it would load; throws where there is none. */
    function resolve(root: string): string;
  }
  export default load;
}
