/**
 * Quotes a word so that any POSIX shell reads back the same bytes, also in an assignment, where an unquoted
 * `~` becomes a folder.
 */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9%+,\-./:=@_]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Quotes a word as nbdkit does in its output: in double quotes, except where the word consists of harmless
 * characters.
 */
export function doubleQuote(text: string): string {
  return /^[\w%+\-./:=@]+$/.test(text) ? text : `"${text.replace(/[\\"$`]/g, "\\$&")}"`;
}
