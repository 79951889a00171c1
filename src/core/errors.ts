/**
 * An error with an errno name as its code ("EINVAL"). The code decides which error the client receives and
 * which status the process ends with. The message is one line for people, without a trailing period.
 */
export class NbdError extends Error {
  /** Always "NbdError". */
  override readonly name: string = "NbdError";
  /** The errno name, such as "ENOSPC". */
  readonly code: string;

  constructor(code: string, message: string, options?: NbdErrorOptions) {
    super(message, options);
    this.code = code;
    // Not enumerable: only {@link messageOf} reads it, and it would be noise where the error is printed.
    if (options?.retold === true) Object.defineProperty(this, "retold", { value: true });
  }
}

/** Options of {@link NbdError}. */
export interface NbdErrorOptions extends ErrorOptions {
  /**
   * The message already contains what `cause` says, in better words, so only debug lines show the cause.
   * Default false.
   */
  readonly retold?: boolean;
}

/**
 * Returns the errno name of any thrown value: an error of this package, of Node, of the addon or of a plugin.
 * Without one, the result is "EIO". The check looks at members and not at the class, because a plugin may
 * load its own copy of this package.
 */
export function codeOf(error: unknown): string {
  const code = nodeCodeOf(error);
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : "EIO";
}

/** Returns the code of an error of Node, such as "ERR_MODULE_NOT_FOUND", which is no errno name. */
export function nodeCodeOf(error: unknown): unknown {
  return attempt(() => partsOf(error).code);
}

/**
 * Returns the message of any thrown value in one line, because logs and terminals are read by lines. The
 * messages of causes follow ("fetch failed: connect ECONNREFUSED 127.0.0.1:1"), except those that the text
 * already contains.
 */
export function messageOf(error: unknown): string {
  return withCauses(error, new Set()) || "unknown error";
}

/** At most this many errors make up one line. Causes may form a cycle. */
const errorsMax = 16;

/** At most this many members of one AggregateError are shown. */
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

/** The messages of the members of an AggregateError. */
function joined(errors: readonly unknown[], seen: Set<unknown>): string {
  const texts = new Set(errors.slice(0, membersMax).map((error) => withCauses(error, seen)));
  texts.delete("");
  const more = errors.length > membersMax ? ` and ${errors.length - membersMax} more` : "";
  return [...texts].join("; ") + more;
}

/** Reads the members inside `attempt`, since a getter may throw. */
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

/** Returns the code or the name of an error that has no message. */
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

/**
 * Looks at members and not at the class, as {@link codeOf} does. Anything can be thrown: the cast says only that
 * each member may be there.
 */
function partsOf(error: unknown): Parts {
  return (typeof error === "object" && error !== null ? error : {}) as Parts;
}

/**
 * Whether the value is an error, also one of another realm: in the contexts of `node:vm`, in which test
 * runners run tests, Node's errors are not `instanceof Error`.
 */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  const { name, message } = partsOf(value);
  return typeof name === "string" && typeof message === "string";
}

/** What was thrown, as an error: all that Node, its libraries and the addon throw are errors already. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown));
}

/**
 * The stack of the innermost error, for debug lines. Undefined for errors whose message already says
 * everything.
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

/**
 * Errors of the system and of OpenSSL do not depend on the place in the program, so their stack is useless.
 */
function isOutside(error: unknown): boolean {
  const { syscall, code } = partsOf(error);
  return typeof syscall === "string" || /^ERR_(OSSL|CRYPTO)/.test(String(code));
}

/** Reading a member of a thrown value may throw again. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
