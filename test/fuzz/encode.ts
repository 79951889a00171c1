import { Chunk, ChunkFlag, Magic } from "../../src/protocol/constants.ts";

export type Form = "simple" | "structured" | "extended";

export function number(value: number | bigint, width: 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(width);
  if (width === 2) bytes.writeUInt16BE(Number(value));
  else if (width === 4) bytes.writeUInt32BE(Number(value));
  else bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function withLength(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([number(bytes.length, 4), bytes]);
}

export function option(code: number, ...data: Buffer[]): Buffer {
  const body = Buffer.concat(data);
  return Buffer.concat([number(Magic.option, 8), number(code, 4), number(body.length, 4), body]);
}

export function optionReply(code: number, type: number, ...data: Buffer[]): Buffer {
  const body = Buffer.concat(data);
  return Buffer.concat([
    number(Magic.optionReply, 8),
    number(code, 4),
    number(type, 4),
    number(body.length, 4),
    body,
  ]);
}

export function simpleReply(cookie: bigint, error: number, data: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([number(Magic.simpleReply, 4), number(error, 4), number(cookie, 8), data]);
}

export function chunk(
  form: Exclude<Form, "simple">,
  request: { readonly cookie: bigint; readonly offset: bigint },
  type: number,
  done: boolean,
  ...data: Buffer[]
): Buffer {
  const body = Buffer.concat(data);
  const flags = number(done ? ChunkFlag.done : 0, 2);
  const common = [flags, number(type, 2), number(request.cookie, 8)];
  if (form === "structured") {
    return Buffer.concat([number(Magic.structuredReply, 4), ...common, number(body.length, 4), body]);
  }
  const extended = [number(request.offset, 8), number(body.length, 8), body];
  return Buffer.concat([number(Magic.extendedReply, 4), ...common, ...extended]);
}

export function errorChunk(
  form: Exclude<Form, "simple">,
  request: { readonly cookie: bigint; readonly offset: bigint },
  error: number,
  text: string,
  done: boolean,
): Buffer {
  const message = Buffer.from(text);
  return chunk(form, request, Chunk.error, done, number(error, 4), number(message.length, 2), message);
}
