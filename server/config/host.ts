/** As a URL has it: in lower case, in ASCII, addresses in their short form; undefined where it is no host. */
export function hostIn(text: string): string | undefined {
  const url = URL.parse(`http://${text}/`);
  const isAlone = url?.href === `http://${url?.hostname}/` && url.hostname !== '';
  return isAlone ? url.hostname.replace(/\.+$/, '') : undefined;
}

export const hostsIn = (names: readonly string[]): string[] =>
  names.flatMap((name) => hostIn(name) ?? []);
