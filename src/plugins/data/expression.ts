/** A part of a description of a disk (nbdkit-data-plugin(1), "DATA FORMAT"). */
export type Expression = Data | Seek | Assignment;

/** An expression that yields bytes. It can be repeated, sliced and named. */
export type Data =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | Source
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "repeat"; readonly of: Data; readonly count: bigint }
  /** Bytes from `from` up to `to`, or to the end. */
  | { readonly kind: "slice"; readonly of: Data; readonly from: bigint; readonly to: bigint | undefined };

/** External bytes: `text` is the path of a file, or a script that prints the bytes. */
export interface Source {
  readonly kind: "file" | "script";
  readonly text: string;
}

/** Moves the offset for the next bytes. */
export interface Seek {
  readonly kind: "seek";
  readonly how: "to" | "forward" | "back" | "align";
  readonly amount: bigint;
}

/** Gives bytes a name for the rest of the list. It adds no bytes to the list. */
export interface Assignment {
  readonly kind: "assign";
  readonly name: string;
  readonly of: Data;
}

export function isData(expression: Expression | undefined): expression is Data {
  return expression !== undefined && expression.kind !== "seek" && expression.kind !== "assign";
}
