/** The level of nbdkit that we are compatible with; callers compare it, so it is what --version reports. */
export const compatibleVersion = "1.46.0";
/** The version of this package. */
export const packageVersion = "0.1.0";
/** Our own name and version, as `version_extra` of --dump-config and in parentheses after the version. */
export const ownVersion: string = `nbdkit-node ${packageVersion}`;
