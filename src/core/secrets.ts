/** SCHEME://USER:PASSWORD@. The password may contain an @, and the colon may be percent-encoded. */
const userinfo = /\b([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*?)(:|%3a)[^\s/?#]*@/gi;

/** Replaces the passwords of URIs with `***`. Call it wherever a URI is shown to people. */
export function withoutSecrets(text: string): string {
  return text.includes("://") ? text.replace(userinfo, "$1$2***@") : text;
}
