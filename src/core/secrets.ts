/** SCHEME://USER:PASSWORD@, where the password may have an @ itself, and the colon be encoded. */
const userinfo = /\b([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*?)(:|%3a)[^\s/?#]*@/gi;

/** The same text with the passwords of URIs as `***`. Whatever shows a URI to people passes it through here. */
export function withoutSecrets(text: string): string {
  return text.includes("://") ? text.replace(userinfo, "$1$2***@") : text;
}
