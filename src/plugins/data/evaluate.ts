import { NbdError } from "../../core/errors.ts";
import { type Content, layers, literal, type Piece, repeated, slice } from "./content.ts";
import type { Data, Expression, Seek, Source } from "./expression.ts";

/**
 * The maximum depth of nested expressions and operators. Evaluation is recursive, and the stack is limited.
 */
const depthMax = 2000;

/** Reads a file or the output of a script from `from` to `to`, or to the end if `to` is undefined. */
export type ReadSource = (source: Source, from: bigint, to: bigint | undefined) => Promise<Content>;

/**
 * Evaluates an expression tree to the bytes that it describes.
 * @throws NbdError with a line for the user
 */
export function evaluate(expression: Data, readSource: ReadSource): Promise<Content> {
  return new Evaluator(readSource).evaluate(expression, undefined, 0);
}

/**
 * Content without bytes. `X*0` and `X[N:N]` yield it without evaluating X: no file is read and no script
 * runs.
 */
const nothing: Content = literal(new Uint8Array(0));

/** The names that an expression can use, innermost first. */
interface Scope {
  readonly name: string;
  /** Evaluates on first use, with the names that were defined before the assignment. */
  content(): Promise<Content>;
  readonly outer: Scope | undefined;
}

class Evaluator {
  readonly #readSource: ReadSource;

  constructor(readSource: ReadSource) {
    this.#readSource = readSource;
  }

  async evaluate(expression: Data, scope: Scope | undefined, depth: number): Promise<Content> {
    if (depth > depthMax) {
      throw new NbdError("EINVAL", `data parameter: more than ${depthMax} nested expressions`);
    }
    switch (expression.kind) {
      case "bytes":
        return literal(expression.bytes);
      case "file":
      case "script":
        return this.#readSource(expression, 0n, undefined);
      case "name":
        return lookUp(expression.name, scope).content();
      case "repeat":
        if (expression.count === 0n) return nothing;
        return repeated(await this.evaluate(expression.of, scope, depth + 1), expression.count);
      case "slice":
        return this.#slice(expression, scope, depth);
      case "list":
        return this.#list(expression.items, scope, depth);
    }
  }

  /** Reads only the requested part of a file or script, because a source may be endless. */
  async #slice(
    { of, from, to }: Extract<Data, { kind: "slice" }>,
    scope: Scope | undefined,
    depth: number,
  ): Promise<Content> {
    if (from === to) return nothing;
    if (of.kind === "file" || of.kind === "script") return this.#readSource(of, from, to);
    return slice(await this.evaluate(of, scope, depth + 1), from, to);
  }

  async #list(items: readonly Expression[], outer: Scope | undefined, depth: number): Promise<Content> {
    let scope = outer;
    const place = new Place();
    for (const item of items) {
      if (item.kind === "seek") place.seek(item);
      else if (item.kind === "assign") scope = this.#assign(item.name, item.of, scope, depth);
      else if (item.kind === "bytes") place.putBytes(item.bytes);
      else place.put(await this.evaluate(item, scope, depth + 1));
    }
    return place.content();
  }

  #assign(name: string, of: Data, outer: Scope | undefined, depth: number): Scope {
    let content: Promise<Content> | undefined;
    return {
      name,
      outer,
      content: () => {
        content ??= this.evaluate(of, outer, depth + 1);
        return content;
      },
    };
  }
}

function lookUp(name: string, scope: Scope | undefined): Scope {
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name) return at;
  throw new NbdError("EINVAL", `\\${name} not defined: give it with ... -> \\${name} before it is used`);
}

/** A disk under construction, and the offset for the next bytes. */
class Place {
  readonly #pieces: Piece[] = [];
  /** Consecutive bytes that are not yet a piece. `#collectBytes` joins them into one piece. */
  #bytes: Uint8Array[] = [];
  #offset = 0n;
  #size = 0n;

  putBytes(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  put(content: Content): void {
    this.#collectBytes();
    this.#add(content);
  }

  seek({ how, amount }: Seek): void {
    this.#collectBytes();
    if (how === "back" && amount > this.#offset) {
      throw new NbdError(
        "EINVAL",
        `data parameter @-${amount} must not be larger than the current offset ${this.#offset}`,
      );
    }
    if (how === "to") this.#moveTo(amount);
    if (how === "forward") this.#moveTo(this.#offset + amount);
    if (how === "back") this.#moveTo(this.#offset - amount);
    if (how === "align") this.#moveTo(((this.#offset + amount - 1n) / amount) * amount);
  }

  content(): Content {
    this.#collectBytes();
    const [only] = this.#pieces;
    if (this.#pieces.length === 1 && only?.content.size === this.#size) return only.content;
    return layers(this.#pieces, this.#size);
  }

  #collectBytes(): void {
    const [first] = this.#bytes;
    if (first === undefined) return;
    const bytes = this.#bytes.length === 1 ? first : Buffer.concat(this.#bytes);
    this.#bytes = [];
    this.#add(literal(bytes));
  }

  #add(content: Content): void {
    if (content.size > 0n) this.#pieces.push({ at: this.#offset, content });
    this.#moveTo(this.#offset + content.size);
  }

  #moveTo(offset: bigint): void {
    this.#offset = offset;
    if (offset > this.#size) this.#size = offset;
  }
}
