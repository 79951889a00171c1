/**
 * An error with the name of an errno ("EINVAL"). The code decides what travels to the client or
 * which status the process ends with; the message is for people, one line, no trailing period.
 */
export class NbdError extends Error {
  override readonly name: string = "NbdError";
  readonly code: string;

  constructor(code: string, message: string, options?: NbdErrorOptions) {
    super(message, options);
    this.code = code;
    // Not enumerable: it is for {@link messageOf}, and would be noise where the error is printed.
    if (options?.retold === true) Object.defineProperty(this, "retold", { value: true });
  }
}

export interface NbdErrorOptions extends ErrorOptions {
  /** The message already says what `cause` says, in better words: only debug lines show the cause. Default false. */
  readonly retold?: boolean;
}

/**
 * The errno name that an error carries, whoever threw it: ours, Node's, the addon's or a plugin's.
 * Judged by shape and not by class, since a plugin may bring its own copy of this package.
 */
export function codeOf(error: unknown): string {
  const code = attempt(() => partsOf(error).code);
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : "EIO";
}

/**
 * What to show of an error, whatever was thrown: one line, because logs and terminals are read by lines. Causes follow
 * the message ("fetch failed: connect ECONNREFUSED 127.0.0.1:1"), unless it contains them already.
 */
export function messageOf(error: unknown): string {
  return withCauses(error, new Set()) || "unknown error";
}

/** So many errors have their say in one line; causes may go round in a circle. */
const errorsMax = 16;

/** Of one AggregateError. */
const membersMax = 8;

function withCauses(error: unknown, seen: Set<unknown>): string {
  if (seen.has(error) || seen.size === errorsMax) return "";
  seen.add(error);
  const { cause, errors, retold } = attempt(() => links(error)) ?? {};
  const text = ownText(error);
  if (retold === true) return text || nameOf(error);
  const members = Array.isArray(errors) ? joined(errors, seen) : "";
  const below = cause === undefined ? "" : withCauses(cause, seen);
  return [members, below].reduce(appended, text) || nameOf(error);
}

/** What an AggregateError has gathered. */
function joined(errors: readonly unknown[], seen: Set<unknown>): string {
  const texts = new Set(errors.slice(0, membersMax).map((error) => withCauses(error, seen)));
  texts.delete("");
  const more = errors.length > membersMax ? ` and ${errors.length - membersMax} more` : "";
  return [...texts].join("; ") + more;
}

/** Read here and not later, since a getter may throw. */
function links(error: unknown): Pick<Parts, "cause" | "errors" | "retold"> {
  const { cause, errors, retold } = partsOf(error);
  return { cause, errors, retold };
}

function appended(text: string, more: string): string {
  if (text.includes(more)) return text;
  return text === "" ? more : `${text}: ${more}`;
}

function ownText(error: unknown): string {
  const text = attempt(() => {
    const { message } = partsOf(error);
    return typeof message === "string" ? message : String(error);
  });
  return (text ?? "unknown error").trim().replace(/\s*\n\s*/g, " ");
}

/** For errors without a message. */
function nameOf(error: unknown): string {
  return attempt(() => String(partsOf(error).code ?? partsOf(error).name ?? "")) ?? "";
}

interface Parts {
  readonly message?: unknown;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly stack?: unknown;
  readonly syscall?: unknown;
  readonly retold?: unknown;
}

/** Judged by shape, as {@link codeOf} does. */
function partsOf(error: unknown): Parts {
  return (typeof error === "object" && error !== null ? error : {}) as Parts;
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
  return attempt(() => innermostStack(error, 0));
}

function innermostStack(error: unknown, depth: number): string | undefined {
  const { cause, errors, name, stack } = partsOf(error);
  const inner = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  if (inner !== undefined && depth < errorsMax) return innermostStack(inner, depth + 1);
  return name === "NbdError" || isOutside(error) || typeof stack !== "string" ? undefined : stack;
}

/** What the system or OpenSSL says about a file is the same wherever in a program it was asked. */
function isOutside(error: unknown): boolean {
  const { syscall, code } = partsOf(error);
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
