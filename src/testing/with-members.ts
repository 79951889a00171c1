/**
 * The same object with some members replaced. The others keep their `this`, whatever class the object is of; it may be frozen.
 * @param members what to find instead; undefined where nothing is to be found
 */
export function withMembers<T extends object>(original: T, members: Readonly<Record<string, unknown>>): T {
  const descriptors: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(original);
  // A proxy must tell the truth about members that cannot change, so that its target has none; `in` and copies look there.
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
