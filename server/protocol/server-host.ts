import { hostAndPort, type ServerName } from './identifiers.ts';

/**
 * Where a server's name leads, whichever way it is written and whatever port it has. Names are case-sensitive, so each of
 * these is another server; but whoever has one of them has them all, and bounds are shared out among hosts.
 */
export const hostOfServer = (server: ServerName): string => hostWritten(hostAndPort(server).host);

/**
 * What somebody has bought who may give themselves any number of names: the last two labels, three below what sells names
 * itself (`co.uk`). An address is its own; of IPv6 the network, in which they have as many as they like.
 */
export function domainOfServer(server: ServerName): string {
  const host = hostOfServer(server);
  if (host.startsWith('[')) return networkOf(host);
  if (/^[\d.]+$/.test(host)) return host;
  const labels = host.split('.');
  const isSold = labels.at(-1)!.length === 2 && SOLD_BELOW.has(labels.at(-2) ?? '');
  return labels.slice(isSold ? -3 : -2).join('.');
}

/** The first half of an address in its short form, which leaves out zeros in one place. */
function networkOf(host: string): string {
  const [start = '', end] = host.slice(1, -1).split('::');
  const [first, last] = [start, end ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const left = end === undefined ? 0 : 8 - first!.length - last!.length;
  const words = [...first!, ...Array<string>(left).fill('0'), ...last!];
  return `[${words.slice(0, 4).join(':')}::/64]`;
}

const SOLD_BELOW: ReadonlySet<string> = new Set([
  ...['co', 'com', 'net', 'org', 'ac', 'edu', 'gov', 'gob', 'go', 'or', 'ne', 'gen', 'nom'],
]);

/** As it stands in a URL: an IPv6 literal, bare until then, in brackets. */
export const hostWithPort = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** In lower case, addresses in their short form (also of IPv4 within IPv6, or as one number), and without a final dot. */
export function hostWritten(host: string): string {
  const written = URL.parse(`http://${host}`)?.hostname ?? host.toLowerCase();
  const mapped = MAPPED_IPV4.exec(written);
  return mapped ? quadOf(mapped.slice(1)) : written.replace(/\.+$/, '');
}

const MAPPED_IPV4 = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

const quadOf = (words: readonly string[]): string =>
  words
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 255])
    .join('.');
