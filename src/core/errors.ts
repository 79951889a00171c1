/**
 * An error with the name of an errno ("EINVAL"). The code decides what travels to the client or
 * which status the process ends with; the message is for people, one line, no trailing period.
 */
export class NbdError extends Error {
  override readonly name: string = "NbdError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The errno name that an error carries, whoever threw it: ours, Node's, the addon's or a plugin's.
 * Judged by shape and not by class, since a plugin may bring its own copy of this package.
 */
export function codeOf(error: unknown): string {
  const code = attempt(() => (error as { code?: unknown } | null)?.code);
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : "EIO";
}

/** What to show of an error, whatever was thrown: one line, because logs and terminals are read by lines. */
export function messageOf(error: unknown): string {
  const text = attempt(() => String(isError(error) ? error.message || error.name : error));
  return (text ?? "unknown error").trim().replace(/\s*\n\s*/g, " ");
}

/**
 * Whether it is an error, also one of another realm: in the contexts of `node:vm`, in which test runners run tests, what Node
 * throws is not an `instanceof Error`.
 */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  const { name, message } = value as { name?: unknown; message?: unknown };
  return typeof name === "string" && typeof message === "string";
}

/**
 * Where an error came from, for debug lines: the innermost one has the story. Undefined for those that are for users alone, of
 * which we know all that there is to say.
 */
export function stackOf(error: unknown): string | undefined {
  const { cause, name, stack } = (error ?? {}) as { cause?: unknown; name?: unknown; stack?: unknown };
  if (cause !== undefined) return stackOf(cause);
  return name === "NbdError" || isOutside(error) || typeof stack !== "string" ? undefined : stack;
}

/** What the system or OpenSSL says about a file is the same wherever in a program it was asked. */
function isOutside(error: unknown): boolean {
  const { syscall, code } = (error ?? {}) as { syscall?: unknown; code?: unknown };
  return typeof syscall === "string" || /^ERR_(OSSL|CRYPTO)/.test(String(code));
}

/** What plugins throw may throw again when it is looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
