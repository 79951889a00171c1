import { NbdError } from "../core/errors.ts";

/** What a script may begin its message with (nbdkit-sh-plugin(3), "Exit codes"). */
const names =
  /^(EPERM|EIO|ENOMEM|EINVAL|ENOSPC|EOVERFLOW|ESHUTDOWN|ENOTSUP|EOPNOTSUPP|EROFS|EDQUOT|EFBIG)(?:\s+|$)/i;

/**
 * The error that a script has told of on stderr: an errno's name, white space, a message. Any of them may be missing.
 * @param code what a script means that names none
 */
export function scriptFailure(name: string, stderr: string, code: string): NbdError {
  const text = stderr.replace(/\n+$/, "");
  const [prefix = "", errno] = names.exec(text) ?? [];
  const message = text.slice(prefix.length).split("\n", 1)[0];
  const reason = message || errno || "script exited with error, but did not print an error message on stderr";
  return new NbdError(errno?.toUpperCase() ?? code, `${name}: ${reason}`);
}
