type Joined<P extends readonly object[]> = P extends readonly [
  infer First,
  ...infer Rest extends readonly object[],
]
  ? First & Joined<Rest>
  : unknown;

/** One object with the ports of all. Of two with one name a spread would drop one without a word. */
export function joinPorts<const P extends readonly object[]>(...all: P): Joined<P> {
  const joined = new Map<string, unknown>();
  for (const [name, port] of all.flatMap((ports) => Object.entries(ports))) {
    if (joined.has(name)) throw new Error(`Two features have a port named ${name}: rename one`);
    joined.set(name, port);
  }
  return Object.fromEntries(joined) as Joined<P>;
}
