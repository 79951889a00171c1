/** A word that any POSIX shell reads back as the same bytes, also as the value of a variable, where `~` is a folder. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9%+,\-./:=@_]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
