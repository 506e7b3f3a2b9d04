import { forbidden, MatrixError } from '../../protocol/matrix-error.ts';

/** What the operator lets be asked for. */
export interface WebBounds {
  /** Hosts with all below them; all where undefined. */
  readonly allowHosts: readonly string[] | undefined;
  readonly denyHosts: readonly string[];
  readonly ports: readonly number[];
}

const LENGTH_MAX = 2_048;

/** A URL that may be fetched; whatever it is relative to. Throws what a client is to be told. */
export function webAddress(text: string, bounds: WebBounds, base?: URL): URL {
  const url = text.length <= LENGTH_MAX ? URL.parse(text, base) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    throw invalid('is none that begins with http or https');
  // They are somebody's, and what is found with them would be shown to others.
  if (url.username !== '' || url.password !== '')
    throw invalid('has a user name or password in it');
  url.hash = '';
  url.hostname = url.hostname.replace(/\.+$/, '');
  if (!isLet(url, bounds)) throw forbidden('Of this URL there are no previews here');
  return url;
}

function isLet({ hostname, port, protocol }: URL, { allowHosts, denyHosts, ports }: WebBounds) {
  if (!ports.includes(Number(port || PORT_OF[protocol]))) return false;
  if (denyHosts.some((host) => isWithin(hostname, host))) return false;
  return allowHosts?.some((host) => isWithin(hostname, host)) !== false;
}

const PORT_OF: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

const isWithin = (hostname: string, host: string): boolean =>
  hostname === host || hostname.endsWith(`.${host}`);

const invalid = (what: string) => new MatrixError(400, 'M_INVALID_PARAM', `url ${what}`);
