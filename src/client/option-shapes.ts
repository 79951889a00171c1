import {
  aBoolean,
  anAbortSignal,
  anArrayOf,
  anObject,
  aString,
  aWholeNumber,
  either,
  oneOf,
} from "../core/kinds.ts";
import { checkKind, checkOptions, type Shape } from "../core/shape.ts";
import type { NbdAddress, NbdTarget, TlsParameters } from "./address.ts";
import type {
  ConnectOptions,
  ListOptions,
  ReadOptions,
  StatusOptions,
  WriteOptions,
  ZeroOptions,
} from "./options.ts";

export const signalShape: Shape<Pick<ListOptions, "signal">> = { signal: anAbortSignal };
export const readShape: Shape<ReadOptions> = { ...signalShape, dontFragment: aBoolean };
export const writeShape: Shape<WriteOptions> = { ...signalShape, fua: aBoolean };
export const zeroShape: Shape<ZeroOptions> = { ...writeShape, noHole: aBoolean, fastZero: aBoolean };
export const statusShape: Shape<StatusOptions> = { ...signalShape, requestOne: aBoolean, context: aString };

export const listShape: Shape<ListOptions> = {
  ...signalShape,
  structuredReplies: aBoolean,
  extendedHeaders: aBoolean,
  tlsOptional: aBoolean,
};

export const connectShape: Shape<ConnectOptions> = {
  ...listShape,
  exportName: aString,
  metaContexts: anArrayOf("names", aString),
  listContexts: aBoolean,
  socket: anObject,
};

const addressShape: Shape<NbdAddress> = { target: anObject, exportName: aString, tls: anObject };

const tlsShape: Shape<TlsParameters> = {
  type: oneOf("anon", "x509", "psk"),
  hostname: aString,
  verifyPeer: aBoolean,
  certificates: aString,
  pskFile: aString,
  username: aString,
};

type MembersOf<Kind extends NbdTarget["kind"]> = Extract<NbdTarget, { readonly kind: Kind }>;

const uint32 = aWholeNumber(0, 2 ** 32 - 1);
const targetShapes: { readonly [K in NbdTarget["kind"]]: Shape<MembersOf<K>> } = {
  unix: { kind: aString, path: aString },
  tcp: { kind: aString, host: aString, port: aWholeNumber(0, 65_535) },
  vsock: { kind: aString, cid: uint32, port: uint32 },
};

/** Checks the address of a server that a program passes. @throws NbdError EINVAL */
export function checkAddress(where: string, address: NbdAddress | string): void {
  checkKind(`${where}: the address`, address, either(aString, anObject));
  if (typeof address === "string") return;
  checkOptions(where, address, addressShape, ["target"]);
  const { target, tls } = address;
  checkKind(`${where}: target: the option "kind"`, target.kind, oneOf(...Object.keys(targetShapes)));
  checkOptions(`${where}: target`, target, targetShapes[target.kind], Object.keys(targetShapes[target.kind]));
  if (tls !== undefined) checkOptions(`${where}: tls`, tls, tlsShape);
}
