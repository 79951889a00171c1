const units = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

/** Formats a size: "512 bytes", "1.50 MiB". */
export function sizeText(bytes: number): string {
  const [unit, size] = units.find(([, size]) => bytes >= size) ?? ["bytes", 1];
  return size === 1 ? `${bytes} bytes` : `${(bytes / size).toFixed(2)} ${unit}`;
}

/** @param width width of the number, which has one decimal */
export function percentText(part: number, whole: number, width: number): string {
  return `${((part / whole) * 100).toFixed(1).padStart(width)}%`;
}
