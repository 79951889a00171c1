import { type BigIntStats, createReadStream, createWriteStream } from "node:fs";
import { constants, type FileHandle, open } from "node:fs/promises";
import { isNbdUri } from "../../../client/index.ts";
import { codeOf, NbdError } from "../../../core/errors.ts";
import { addon } from "../addon.ts";
import type { Destination, Source, Stream } from "./endpoint.ts";
import { FileDestination } from "./file-destination.ts";
import { FileSource } from "./file-source.ts";
import { NbdDestination } from "./nbd-destination.ts";
import { NbdSource } from "./nbd-source.ts";
import { standardInput, standardOutput } from "./standard-streams.ts";
import { nullDestination, StreamDestination, StreamSource } from "./streams.ts";

/** Opens the source with this name on the command line. @throws Error */
export async function openSource(name: string): Promise<Source | Stream> {
  if (name === "-") return new StreamSource(standardInput(), "standard input");
  if (name === "null:") throw new NbdError("EINVAL", "null: can only be a destination");
  if (isNbdUri(name)) return await NbdSource.open(name);
  const file = await open(name, "r");
  return await closedOnError(file, async () => {
    const stats = await file.stat({ bigint: true });
    if (stats.isDirectory()) throw new NbdError("EISDIR", `${name}: is a directory`);
    if (stats.isFile()) return new FileSource(file, name, stats.size);
    if (stats.isBlockDevice()) return new FileSource(file, name, deviceSize(file, name));
    return new StreamSource(createReadStream(name, { fd: file, highWaterMark: 256 * 1024 }), name);
  });
}

/** Opens the destination, and creates a missing file. The contents do not change yet. @throws Error */
export async function openDestination(name: string, source: string): Promise<Destination> {
  if (name === "-") return standardOutput();
  if (name === "null:") return nullDestination;
  if (isNbdUri(name)) return await NbdDestination.open(name);
  const file = await openForWriting(name);
  return await closedOnError(file, async () => {
    const stats = await file.stat({ bigint: true });
    if (stats.isBlockDevice()) return new FileDestination(file, name, deviceSize(file, name));
    if (!stats.isFile()) return new StreamDestination(createWriteStream(name, { fd: file }), name);
    await refuseSameFile(name, stats, source);
    return new FileDestination(file, name, undefined);
  });
}

async function openForWriting(name: string): Promise<FileHandle> {
  try {
    return await open(name, constants.O_RDWR | constants.O_CREAT, 0o666);
  } catch (error) {
    // Fall back to write-only: pipes and terminals may be writable but not readable.
    if (codeOf(error) !== "EACCES") throw error;
    return await open(name, constants.O_WRONLY);
  }
}

async function refuseSameFile(name: string, stats: BigIntStats, source: string): Promise<void> {
  if (source === "-" || isNbdUri(source)) return;
  await using file = await open(source, "r");
  const other = await file.stat({ bigint: true });
  if (other.dev === stats.dev && other.ino === stats.ino) {
    throw new NbdError("EINVAL", `${source} and ${name} are the same file`);
  }
}

function deviceSize(file: FileHandle, name: string): bigint {
  const native = addon();
  if (native === undefined)
    throw new NbdError("ENOTSUP", `${name}: block devices need the addon, which cannot be loaded`);
  return native.blockDevice(file.fd).size;
}

async function closedOnError<T>(file: FileHandle, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    await file.close();
    throw error;
  }
}
