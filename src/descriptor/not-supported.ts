/** Whether an error says "never possible here" and not "failed this time". */
export function isNotSupported(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ENOTSUP" || code === "EOPNOTSUPP";
}
