import { NbdError } from "../core/errors.ts";

/** What a script may begin its message with (nbdkit-sh-plugin(3), "Exit codes"). */
const names =
  /^(EPERM|EIO|ENOMEM|EINVAL|ENOSPC|EOVERFLOW|ESHUTDOWN|ENOTSUP|EOPNOTSUPP|EROFS|EDQUOT|EFBIG)(?:\s+|$)/i;

/** Characters of a message; of a longer one, the beginning and the end say most. */
const messageMax = 1000;
const beginningMax = 300;

/**
 * The error that a script has told of on stderr: an errno's name, white space, a message. Any of them may be missing. All
 * lines count, since the first one of what an interpreter prints seldom says what went wrong.
 * @param code what a script means that names none
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
