/**
 * Returns the object with some members replaced. The other members keep their `this`, whatever class the
 * object is of. The object may be frozen.
 *
 * @param members the replacements; undefined removes a member
 */
export function withMembers<T extends object>(original: T, members: Readonly<Record<string, unknown>>): T {
  const descriptors: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(original);
  // A proxy must report non-configurable members of its target as they are, so make all of them configurable.
  // `in` and copies read the target.
  for (const descriptor of Object.values(descriptors)) descriptor.configurable = true;
  for (const [key, value] of Object.entries(members))
    if (value !== undefined) descriptors[key] = { value, configurable: true, enumerable: true };
  const target: T = Object.create(Object.getPrototypeOf(original), descriptors);
  return new Proxy(target, {
    get(_target, key) {
      if (typeof key === "string" && Object.hasOwn(members, key)) return members[key];
      const value: unknown = Reflect.get(original, key, original);
      return typeof value === "function" ? value.bind(original) : value;
    },
  });
}
