/** A word that any POSIX shell reads back as the same bytes. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9%+,\-./:=@_~]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
