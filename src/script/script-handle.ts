import type { BlockSize, Handle, WriteFlags, ZeroFlags } from "../contract/handle.ts";
import type { OpenRequest } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { parseSize } from "../core/size.ts";
import type { Caller } from "./caller.ts";
import { parseExtents } from "./extents.ts";

/**
 * Opens an export of a script. The method `open` prints the handle; the `can_` methods of the script then
 * determine which requests the export supports (nbdkit-sh-plugin(3), "Methods").
 */
export async function openScript(caller: Caller, client: OpenRequest): Promise<Handle> {
  const args = [String(client.readOnly), client.exportName, String(client.tls)];
  const name = (await caller.text("open", args, { client })) ?? "";
  const script = new ScriptHandle(caller, name, client);
  try {
    return await script.describe();
  } catch (error) {
    await script.close();
    throw error;
  }
}

/** An open export of a script. `name` is the handle that the script printed. */
class ScriptHandle {
  readonly #caller: Caller;
  readonly #name: string;
  readonly #client: OpenRequest;

  constructor(caller: Caller, name: string, client: OpenRequest) {
    this.#caller = caller;
    this.#name = name;
    this.#client = client;
  }

  async describe(): Promise<Handle> {
    const size = await this.#size();
    const canWrite = !this.#client.readOnly && (await this.#can("can_write"));
    const writing = canWrite ? await this.#writing() : {};
    const canFlush = await this.#can("can_flush");
    const rotational = await this.#can("is_rotational");
    const fua = canWrite ? await this.#fua() : {};
    const multiConn = await this.#can("can_multi_conn");
    const cache = await this.#level("can_cache");
    const canExtents = await this.#can("can_extents");
    const blockSize = await this.#blockSize();
    const description = await this.#description();
    return {
      size,
      read: (into, offset) => this.#read(into, offset),
      ...writing,
      ...(canFlush ? { flush: () => this.#change("flush", []) } : {}),
      ...(cache === "native" ? { cache: (offset, length) => this.#change("cache", [length, offset]) } : {}),
      ...(canExtents ? { extents: (offset, length, one) => this.#extents(offset, length, one) } : {}),
      ...(blockSize === undefined ? {} : { blockSize }),
      ...(description === undefined ? {} : { description }),
      rotational,
      ...fua,
      multiConn,
      cacheByReading: cache === "emulate",
      close: () => this.close(),
    };
  }

  /**
   * Closes the export. An error of the script is only logged: the client has disconnected and cannot receive
   * it.
   */
  async close(): Promise<void> {
    await this.#call("close", []).catch((error: Error) => this.#caller.host.debug(error.message));
  }

  async #writing(): Promise<Partial<Handle>> {
    const canZero = await this.#can("can_zero");
    // Without a `zero` method, report fast zero as supported: the server then refuses fast zeroes
    // immediately.
    const fastZero = await this.#can("can_fast_zero", !canZero);
    const canTrim = await this.#can("can_trim");
    const zero = canZero ? this.#zero : fastZero ? undefined : noZero;
    return {
      write: (from, offset, flags) => this.#write(from, offset, flags),
      ...(zero === undefined ? {} : { zero: zero.bind(this), fastZero }),
      ...(canTrim
        ? { trim: (offset, length, flags) => this.#change("trim", [length, offset, flagWords(flags)]) }
        : {}),
    };
  }

  /** How the script supports FUA. Without the method can_fua, the server decides. */
  async #fua(): Promise<Partial<Handle>> {
    const level = await this.#level("can_fua");
    if (level === undefined) return {};
    return { nativeFua: level === "native", fuaByFlushing: level === "emulate" };
  }

  async #size(): Promise<bigint> {
    const text = await this.#text("get_size");
    if (text === undefined) throw new NbdError("EIO", "the get_size method is required");
    return parseSize(text);
  }

  async #blockSize(): Promise<BlockSize | undefined> {
    const text = await this.#text("block_size");
    if (text === undefined) return undefined;
    const words = text.trim().split(/\s+/);
    const sizes = words.length < 3 ? [] : words.map((word) => Number(parseSize(word)));
    const [minimum, preferred, maximum] = sizes;
    if (minimum === undefined || preferred === undefined || maximum === undefined)
      throw new NbdError("EINVAL", `block_size method cannot be parsed: ${text}`);
    return minimum === 0 ? undefined : { minimum, preferred, maximum };
  }

  /**
   * The description of the export. An error is only logged: clients can use the export without a description.
   */
  async #description(): Promise<string | undefined> {
    return this.#text("export_description").catch((error: Error) => {
      this.#caller.host.debug(error.message);
      return undefined;
    });
  }

  async #read(into: Uint8Array, offset: bigint): Promise<void> {
    const bytes = await this.#call("pread", [into.length, offset], { outputMax: into.length });
    if (bytes === undefined) throw new NbdError("EIO", "the pread method is required");
    if (bytes.length !== into.length) {
      throw new NbdError("EIO", `pread: the script printed ${bytes.length} bytes instead of ${into.length}`);
    }
    into.set(bytes);
  }

  /**
   * Passes only FUA to the script: a zero that the server performs by writing has flags that pwrite does not
   * support.
   */
  async #write(from: Uint8Array, offset: bigint, { fua }: WriteFlags): Promise<void> {
    const done = await this.#call("pwrite", [from.length, offset, flagWords({ fua })], { input: from });
    if (done === undefined) throw new NbdError("EIO", "can_write says yes, but there is no pwrite method");
  }

  async #zero(offset: bigint, length: number, flags: ZeroFlags): Promise<void> {
    const done = await this.#call("zero", [length, offset, flagWords(flags)]);
    if (done === undefined) throw new NbdError("ENOTSUP", "there is no zero method");
  }

  async #extents(offset: bigint, length: number, requestOne: boolean) {
    const text = await this.#text("extents", [length, offset, requestOne ? "req_one" : ""]);
    if (text !== undefined) return parseExtents(text, offset);
    return [{ length: BigInt(length), hole: false, zero: false }];
  }

  /** Calls a method and ignores when the script does not have it. */
  async #change(method: string, args: readonly (number | bigint | string)[]): Promise<void> {
    await this.#call(method, args);
  }

  #can(method: string, missing = false): Promise<boolean> {
    return this.#caller.truth(method, [this.#name], missing, this.#client);
  }

  /** The answer of can_fua or can_cache; undefined when the script has no such method. */
  async #level(method: string): Promise<string | undefined> {
    const text = (await this.#text(method))?.toLowerCase();
    if (text === undefined || ["none", "emulate", "native"].includes(text)) return text;
    throw new NbdError(
      "EINVAL",
      `could not parse output from ${method} method: ${text}: use none, emulate or native`,
    );
  }

  #text(method: string, args: readonly (number | bigint | string)[] = []): Promise<string | undefined> {
    return this.#caller.text(method, [this.#name, ...args.map(String)], { client: this.#client });
  }

  #call(
    method: string,
    args: readonly (number | bigint | string)[],
    options: { readonly input?: Uint8Array; readonly outputMax?: number } = {},
  ): Promise<Buffer | undefined> {
    return this.#caller.call(method, [this.#name, ...args.map(String)], { ...options, client: this.#client });
  }
}

function noZero(): never {
  throw new NbdError("ENOTSUP", "can_zero says no");
}

function flagWords({ fua, mayTrim = false, fastZero = false }: WriteFlags & Partial<ZeroFlags>): string {
  return [fua && "fua", mayTrim && "may_trim", fastZero && "fast"].filter((word) => word !== false).join(",");
}
