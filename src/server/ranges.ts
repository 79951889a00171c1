import type { Range } from "../core/values.ts";

export { tcpPortRange } from "../native/port.ts";

// What the options of a server take that are numbers. The command line and programs share these.

/** 0 stands for the default, as for nbdkit. */
export const threadsRange: Range = { min: 0, max: 2 ** 31 - 1 };

export const flagsMaskRange: Range = { min: 0, max: 2 ** 32 - 1 };

/** ms. The timers of Node.js know nothing longer (24 days), and would fire at once. */
export const timeoutRange: Range = { min: 0, max: 2 ** 31 - 1 };

/** µs. Longer than this, sleeping costs nothing in comparison. */
export const busyPollRange: Range = { min: 0, max: 10_000 };

/** A port of vsock has 32 bits. */
export const vsockPortRange: Range = { min: 0, max: 2 ** 32 - 1 };

export const descriptorRange: Range = { min: 0, max: 2 ** 31 - 1 };

/** As `int` of C holds them (-D). */
export const debugFlagRange: Range = { min: -(2 ** 31), max: 2 ** 31 - 1 };
