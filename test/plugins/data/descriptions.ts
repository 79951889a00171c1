import fc from "fast-check";

/** A description as text, and a reference evaluator of its bytes that shares no code with the plugin. */
export interface Description {
  readonly text: string;
  /** @throws RangeError when the description is an error */
  bytes(names: Names): Uint8Array;
}

type Names = Readonly<Record<string, () => Uint8Array>>;

type Item =
  | Description
  | { readonly text: string; move(offset: number): number }
  | { readonly text: string; readonly name: string; readonly of: Description };

const byte: fc.Arbitrary<Description> = fc.nat(255).map((value) => ({
  text:
    value % 3 === 0 ? `0x${value.toString(16)}` : value % 3 === 1 ? `0${value.toString(8)}` : String(value),
  bytes: () => Uint8Array.of(value),
}));

const string: fc.Arbitrary<Description> = fc.uint8Array({ maxLength: 6 }).map((bytes) => ({
  text: `"${[...bytes].map((value) => `\\x${value.toString(16).padStart(2, "0")}`).join("")}"`,
  bytes: () => bytes,
}));

const word: fc.Arbitrary<Description> = fc.bigInt(0n, 2n ** 32n - 1n).chain((value) =>
  fc.constantFrom("le", "be").map((order) => {
    const bytes = Buffer.alloc(4);
    if (order === "le") bytes.writeUInt32LE(Number(value));
    else bytes.writeUInt32BE(Number(value));
    return { text: `${order}32:${value}`, bytes: () => bytes };
  }),
);

const name: fc.Arbitrary<Description> = fc.constantFrom("a", "b-1", "C_").map((given) => ({
  text: `\\${given}`,
  bytes: (names) => (names[given] ?? nothing)(),
}));

const seek: fc.Arbitrary<Item> = fc.oneof(
  fc.nat(40).map((to) => ({ text: `@${to}`, move: () => to })),
  fc.nat(20).map((by) => ({ text: `@+${by}`, move: (offset: number) => offset + by })),
  fc
    .nat(6)
    .map((by) => ({ text: `@-${by}`, move: (offset: number) => (by > offset ? nothing() : offset - by) })),
  fc.constantFrom(1, 2, 8, 16).map((unit) => ({
    text: `@^${unit}`,
    move: (offset: number) => Math.ceil(offset / unit) * unit,
  })),
);

/** Random descriptions in parentheses. */
export const descriptions: fc.Arbitrary<Description> = fc.letrec<{ data: Description; list: Description }>(
  (tie) => ({
    data: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      byte,
      string,
      word,
      name,
      tie("list"),
      fc.tuple(tie("data"), fc.nat(4)).map(([of, count]) => ({
        text: `${of.text} *${count}`,
        bytes: (names: Names) => Buffer.concat(Array.from({ length: count }, () => of.bytes(names))),
      })),
      fc.tuple(tie("data"), fc.option(fc.nat(3)), fc.option(fc.nat(6))).map(([of, from, to]) => ({
        text: `${of.text} [${from ?? ""}:${to ?? ""}]`,
        // The plugin does not evaluate an expression of which it needs no bytes, so errors in it do not
        // count.
        bytes: (names: Names) =>
          (from ?? 0) === to ? new Uint8Array(0) : cut(of.bytes(names), from ?? 0, to),
      })),
    ),
    list: fc
      .array(
        fc.oneof(
          { weight: 4, arbitrary: tie("data") as fc.Arbitrary<Item> },
          { weight: 2, arbitrary: seek },
          fc
            .tuple(tie("data"), fc.constantFrom("a", "b-1", "C_"))
            .map(([of, given]): Item => ({ text: `${of.text} -> \\${given}`, name: given, of })),
        ),
        { maxLength: 6 },
      )
      .map((items) => ({
        text: `( ${items.map(({ text }) => text).join(" ")} )`,
        bytes: (names) => place(items, names),
      })),
  }),
).list;

function place(items: readonly Item[], outer: Names): Uint8Array {
  let names = outer;
  let offset = 0;
  let disk = Buffer.alloc(0);
  const grow = (size: number): void => {
    if (size > disk.length) disk = Buffer.concat([disk, Buffer.alloc(size - disk.length)]);
  };
  for (const item of items) {
    if ("move" in item) offset = item.move(offset);
    else if ("of" in item) {
      const known = names;
      names = { ...names, [item.name]: () => item.of.bytes(known) };
    } else {
      const bytes = item.bytes(names);
      grow(offset + bytes.length);
      disk.set(bytes, offset);
      offset += bytes.length;
    }
    grow(offset);
  }
  return disk;
}

function cut(bytes: Uint8Array, from: number, to: number | null): Uint8Array {
  const end = to ?? bytes.length;
  return from > end || end > bytes.length ? nothing() : bytes.subarray(from, end);
}

function nothing(): never {
  throw new RangeError("no such bytes");
}
