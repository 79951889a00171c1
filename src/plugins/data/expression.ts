/** What a description of a disk consists of (nbdkit-data-plugin(1), "DATA FORMAT"). */
export type Expression = Data | Seek | Assignment;

/** Expressions that are bytes, so that they can be repeated, sliced and named. */
export type Data =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | Source
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "repeat"; readonly of: Data; readonly count: bigint }
  /** Bytes from `from` up to `to`, or to the end. */
  | { readonly kind: "slice"; readonly of: Data; readonly from: bigint; readonly to: bigint | undefined };

/** Bytes from elsewhere: the path of a file, or a script that prints them. */
export interface Source {
  readonly kind: "file" | "script";
  readonly text: string;
}

/** Moves to where the next bytes go. */
export interface Seek {
  readonly kind: "seek";
  readonly how: "to" | "forward" | "back" | "align";
  readonly amount: bigint;
}

/** Gives bytes a name for the rest of the list, and adds nothing to it. */
export interface Assignment {
  readonly kind: "assign";
  readonly name: string;
  readonly of: Data;
}

export function isData(expression: Expression | undefined): expression is Data {
  return expression !== undefined && expression.kind !== "seek" && expression.kind !== "assign";
}
