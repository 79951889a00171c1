import { NbdError } from "../../core/errors.ts";
import { OptionReply } from "../constants.ts";
import type { Refusal } from "./option.ts";

const meanings: Readonly<Record<number, readonly [code: string, meaning: string]>> = {
  [OptionReply.errorUnsupported]: ["ENOTSUP", "the server does not know this option"],
  [OptionReply.errorPolicy]: ["EPERM", "the server's policy forbids it"],
  [OptionReply.errorInvalid]: ["EINVAL", "the server calls the request invalid"],
  [OptionReply.errorPlatform]: ["ENOTSUP", "the server's platform does not support it"],
  [OptionReply.errorTlsRequired]: ["ENOTSUP", "the server requires TLS"],
  [OptionReply.errorUnknown]: ["ENOENT", "no such export"],
  [OptionReply.errorShutdown]: ["ESHUTDOWN", "the server is shutting down"],
  [OptionReply.errorBlockSizeRequired]: ["EINVAL", "the server requires block sizes to be negotiated"],
  [OptionReply.errorTooBig]: ["EOVERFLOW", "the request or the reply is too big"],
  [OptionReply.errorExtendedHeadersRequired]: ["ENOTSUP", "the server requires extended headers"],
};

/**
 * Makes the error for a refusal: the requested thing, the meaning of the refusal, and the message of the
 * server.
 */
export function refusedError(what: string, refusal: Refusal): NbdError {
  const [code, meaning] = meanings[refusal.type] ?? [
    "EINVAL",
    `unknown error 0x${refusal.type.toString(16)}`,
  ];
  return new NbdError(code, `${what}: ${meaning}${refusal.text === "" ? "" : ` (${refusal.text})`}`);
}
