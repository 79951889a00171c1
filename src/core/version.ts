/**
 * The version of nbdkit that this package is compatible with. --version reports it, because callers compare
 * it.
 */
export const compatibleVersion = "1.48.1";
/** The version of this package. */
export const packageVersion = "0.1.0";
/**
 * The name and version of this package: `version_extra` of --dump-config, and in parentheses after the
 * version.
 */
export const ownVersion: string = `nbdkit-node ${packageVersion}`;
