import { NbdError } from "../../core/errors.ts";

/**
 * Makes a test for names from a pattern as in fnmatch(3), without regard to case: `*` is any text, `?` one
 * character, `[a-f]` one of a set and `[!a-f]` one outside of it; a backslash takes the special meaning from
 * the next character.
 *
 * @throws NbdError EINVAL for a class of characters such as [:alpha:], and for an empty range
 */
export function wildcard(pattern: string): RegExp {
  const source = pattern.replace(tokens, (token: string, set: string | undefined) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (set !== undefined) return setOf(set);
    return literal(token.length > 1 ? token.slice(1) : token);
  });
  try {
    // `s` lets a dot match a line feed.
    return new RegExp(`^${source}$`, "sui");
  } catch (error) {
    throw new NbdError("EINVAL", `${pattern}: a range such as [z-a] is empty: write [a-z]`, {
      cause: error,
      retold: true,
    });
  }
}

/** A set, whose first member may be `]`; else a backslash with what follows it; else any character. */
const tokens = /\[([!^]?(?:\\.|[^\\])(?:\\.|[^\\\]])*)\]|\\.|./gsu;

function setOf(text: string): string {
  if (/\[[:.=]/.test(text)) {
    throw new NbdError(
      "EINVAL",
      `[${text}]: classes of characters are not supported: list them, as in [a-z]`,
    );
  }
  const [, not = "", members = ""] = /^([!^]?)(.*)$/s.exec(text) ?? [];
  const parts = members.replace(/\\(.)|([[\]^])/gsu, (_all, escaped = "", plain = "") =>
    literal(escaped + plain),
  );
  return `[${not && "^"}${parts}]`;
}

/** A character that stands for itself, also inside a set. */
function literal(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`;
}
