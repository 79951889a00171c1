import { Command, CommandFlag, Magic, requestBytesMax, statusContextsMax } from "./constants.ts";
import type { Request } from "./request.ts";

/** The fields of a request header: doc/proto.md, "Request message" and "Extended request message". */
export interface RequestFields {
  readonly flags: number;
  readonly command: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

export const requestHeaderBytes = 28;
export const extendedRequestHeaderBytes = 32;

/**
 * A request header as it was received. One object serves all requests of a connection. It stores 64-bit
 * fields as two halves, because a BigInt for each request would be garbage.
 */
export class RequestHeader implements RequestFields {
  flags = 0;
  command = 0;
  cookieHigh = 0;
  cookieLow = 0;
  offsetHigh = 0;
  offsetLow = 0;
  lengthHigh = 0;
  lengthLow = 0;

  get cookie(): bigint {
    return joined(this.cookieHigh, this.cookieLow);
  }

  get offset(): bigint {
    return joined(this.offsetHigh, this.offsetLow);
  }

  get length(): bigint {
    return joined(this.lengthHigh, this.lengthLow);
  }

  /** The offset as a number; Infinity when a number is not exact. */
  get offsetNumber(): number {
    return numberOf(this.offsetHigh, this.offsetLow);
  }

  /** The length as a number; Infinity when a number is not exact. */
  get lengthNumber(): number {
    return numberOf(this.lengthHigh, this.lengthLow);
  }

  /** @returns false when the magic number is wrong; the rest of the stream cannot be parsed */
  read(bytes: Buffer, at: number, extended: boolean): boolean {
    if (bytes.readUInt32BE(at) !== (extended ? Magic.extendedRequest : Magic.request)) return false;
    this.flags = bytes.readUInt16BE(at + 4);
    this.command = bytes.readUInt16BE(at + 6);
    this.cookieHigh = bytes.readUInt32BE(at + 8);
    this.cookieLow = bytes.readUInt32BE(at + 12);
    this.offsetHigh = bytes.readUInt32BE(at + 16);
    this.offsetLow = bytes.readUInt32BE(at + 20);
    this.lengthHigh = extended ? bytes.readUInt32BE(at + 24) : 0;
    this.lengthLow = bytes.readUInt32BE(at + (extended ? 28 : 24));
    return true;
  }
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function numberOf(high: number, low: number): number {
  return high < 2 ** 21 ? high * 2 ** 32 + low : Number.POSITIVE_INFINITY;
}

/** Builds a request header, as a client sends it. */
export function writeRequestHeader(header: RequestFields, extended: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(extended ? extendedRequestHeaderBytes : requestHeaderBytes);
  bytes.writeUInt32BE(extended ? Magic.extendedRequest : Magic.request, 0);
  bytes.writeUInt16BE(header.flags, 4);
  bytes.writeUInt16BE(header.command, 6);
  bytes.writeBigUInt64BE(header.cookie, 8);
  bytes.writeBigUInt64BE(header.offset, 16);
  if (extended) bytes.writeBigUInt64BE(header.length, 24);
  else bytes.writeUInt32BE(Number(header.length), 24);
  return bytes;
}

/** Returns the number of payload bytes after the header. */
export function payloadBytes(header: RequestHeader, extended: boolean): number {
  const hasPayload =
    header.command === Command.write || (extended && (header.flags & CommandFlag.payloadLength) !== 0);
  return hasPayload ? header.lengthNumber : 0;
}

/**
 * The valid flags of each command. FUA is valid for every command (doc/proto.md, "Command flags") and has no
 * effect on commands that do not write.
 */
const allowedFlags: Readonly<Record<number, number>> = {
  [Command.read]: CommandFlag.fua | CommandFlag.dontFragment,
  [Command.write]: CommandFlag.fua,
  [Command.flush]: CommandFlag.fua,
  [Command.trim]: CommandFlag.fua,
  [Command.cache]: CommandFlag.fua,
  [Command.writeZeroes]: CommandFlag.fua | CommandFlag.noHole | CommandFlag.fastZero,
  [Command.blockStatus]: CommandFlag.fua | CommandFlag.requestOne,
};

/** Converts a header and its payload (empty when there is none) to a request. */
export function toRequest(header: RequestHeader, payload: Buffer, extended: boolean): Request {
  const { cookie, offset, length, command, flags } = header;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const refused = (code: string, reason: string): Request => ({
    kind: "refused",
    cookie,
    offset,
    code,
    reason,
  });

  // NBD_CMD_DISC has no reply, so it is valid with any flags.
  if (command === Command.disconnect) return { kind: "disconnect", cookie };
  const allowed = allowedFlags[command];
  if (allowed === undefined) return refused("EINVAL", `unknown command ${command}`);
  // Check the flags of all commands here, so that no command silently ignores an unknown flag.
  const payloadAllowed = extended && (command === Command.write || command === Command.blockStatus);
  if ((flags & ~(allowed | (payloadAllowed ? CommandFlag.payloadLength : 0))) !== 0) {
    return refused("EINVAL", `flags 0x${flags.toString(16)} are not valid for command ${command}`);
  }
  switch (command) {
    case Command.read:
      if (length > requestBytesMax) return refused("EINVAL", `read of ${length} bytes is over the limit`);
      return {
        kind: "read",
        cookie,
        offset,
        length: Number(length),
        dontFragment: has(CommandFlag.dontFragment),
      };
    case Command.write:
      return { kind: "write", cookie, offset, length: payload.length, payload, fua: has(CommandFlag.fua) };
    case Command.flush:
      if (offset !== 0n || length !== 0n) return refused("EINVAL", "flush takes no offset and no length");
      return { kind: "flush", cookie };
    case Command.trim:
      return { kind: "trim", cookie, offset, length, fua: has(CommandFlag.fua) };
    case Command.cache:
      return { kind: "cache", cookie, offset, length };
    case Command.writeZeroes:
      return {
        kind: "zero",
        cookie,
        offset,
        length,
        fua: has(CommandFlag.fua),
        mayTrim: !has(CommandFlag.noHole),
        fastZero: has(CommandFlag.fastZero),
      };
    default:
      return blockStatus(header, payload);
  }
}

/** doc/proto.md, "NBD_CMD_BLOCK_STATUS": the payload contains the effect length and the context ids. */
function blockStatus(header: RequestHeader, payload: Buffer): Request {
  const { cookie, offset } = header;
  const requestOne = (header.flags & CommandFlag.requestOne) !== 0;
  if ((header.flags & CommandFlag.payloadLength) === 0) {
    return { kind: "blockStatus", cookie, offset, length: header.length, requestOne };
  }
  const refused = (reason: string): Request => ({ kind: "refused", cookie, offset, code: "EINVAL", reason });
  const count = (payload.length - 8) / 4;
  if (!Number.isInteger(count) || count < 1 || count > statusContextsMax) {
    return refused(`block status payload of ${payload.length} bytes`);
  }
  const contextIds = Array.from({ length: count }, (_, index) => payload.readUInt32BE(8 + 4 * index));
  if (new Set(contextIds).size < count) return refused("block status for the same context twice");
  return { kind: "blockStatus", cookie, offset, length: payload.readBigUInt64BE(0), requestOne, contextIds };
}
