/**
 * Returns the current time for a log, as nbdkit_timestamp(3) does: UTC with microseconds, as in
 * `2026-01-31 12:00:00.123456`.
 */
export function timestamp(): string {
  const ms = performance.timeOrigin + performance.now();
  const microseconds = String(Math.floor((ms % 1) * 1000)).padStart(3, "0");
  return `${new Date(ms).toISOString().slice(0, -1).replace("T", " ")}${microseconds}`;
}
