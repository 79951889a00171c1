import { NbdError } from "../core/errors.ts";

/** The names of errnos that may begin a script's message (nbdkit-sh-plugin(3), "Exit codes"). */
const names =
  /^(EPERM|EIO|ENOMEM|EINVAL|ENOSPC|EOVERFLOW|ESHUTDOWN|ENOTSUP|EOPNOTSUPP|EROFS|EDQUOT|EFBIG)(?:\s+|$)/i;

/** The maximum length of a message in characters. A longer one keeps its beginning and its end. */
const messageMax = 1000;
const beginningMax = 300;

/**
 * Makes an error from what a script printed on stderr: the name of an errno, white space, a message. Each
 * part may be missing. The error keeps all lines, because the first line of an interpreter's output seldom
 * names the cause.
 * @param code the errno when the script names none
 */
export function scriptFailure(name: string, stderr: string, code: string): NbdError {
  const text = stderr.trimEnd();
  const [prefix = "", errno] = names.exec(text) ?? [];
  const message = shortened(
    text
      .slice(prefix.length)
      .trim()
      .replace(/\s*\n\s*/g, " "),
  );
  const reason = message || errno || "script exited with error, but did not print an error message on stderr";
  return new NbdError(errno?.toUpperCase() ?? code, `${name}: ${reason}`);
}

function shortened(message: string): string {
  if (message.length <= messageMax) return message;
  return `${message.slice(0, beginningMax)} [...] ${message.slice(beginningMax - messageMax)}`;
}
