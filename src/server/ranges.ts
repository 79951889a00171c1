import type { Range } from "../core/values.ts";

export { tcpPortRange } from "../native/port.ts";

// Ranges of the numeric server options, for the command line and for programs.

/** 0 selects the default, as in nbdkit. */
export const threadsRange: Range = { min: 0, max: 2 ** 31 - 1 };

export const flagsMaskRange: Range = { min: 0, max: 2 ** 32 - 1 };

/** ms. Node.js timers accept no longer delay (24 days), and would fire at once. */
export const timeoutRange: Range = { min: 0, max: 2 ** 31 - 1 };

/** µs. Longer polling gains nothing, because a sleep is cheap in comparison. */
export const busyPollRange: Range = { min: 0, max: 10_000 };

/** vsock ports have 32 bits. */
export const vsockPortRange: Range = { min: 0, max: 2 ** 32 - 1 };

export const descriptorRange: Range = { min: 0, max: 2 ** 31 - 1 };

/** The range of C's `int` (-D). */
export const debugFlagRange: Range = { min: -(2 ** 31), max: 2 ** 31 - 1 };
