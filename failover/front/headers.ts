/** Of one connection only (RFC 9110, section 7.6.1): never passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** The writer believes these, so a client may not send them. */
const OURS = /^x-(?:farol|forwarded)-/;

export interface ClientHeaders {
  /** Names in lower case and values in turn, as they may be passed on. */
  readonly passed: readonly string[];
  readonly host: string | undefined;
}

/**
 * The client's Host stays here: the HTTP client would ask the writer's certificate for that name, and
 * the writer has one for its site only.
 */
export function fromClient(raw: readonly string[]): ClientHeaders {
  const passed: string[] = [];
  let host: string | undefined;
  const named = namedByConnection(raw);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = raw[index + 1]!;
    if (name === 'host') host ??= value;
    else if (!endsHere(name, named)) passed.push(name, value);
  }
  return { passed, host };
}

/** From another front: what it says of the client is true. */
export function fromFront(raw: readonly string[]): string[] {
  const passed: string[] = [];
  const named = namedByConnection(raw);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    if (name === 'host' || HOP_BY_HOP.has(name) || named?.includes(name)) continue;
    passed.push(name, raw[index + 1]!);
  }
  return passed;
}

const endsHere = (name: string, named: readonly string[] | undefined): boolean =>
  HOP_BY_HOP.has(name) || OURS.test(name) || (named?.includes(name) ?? false);

/** A client may name further headers that end here. What says where a body ends is not its to take. */
function namedByConnection(raw: readonly string[]): string[] | undefined {
  let named: string[] | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]!.length !== 'connection'.length) continue;
    if (raw[index]!.toLowerCase() !== 'connection') continue;
    const value = raw[index + 1]!.toLowerCase();
    if (value === 'keep-alive' || value === 'close') continue;
    named = [...(named ?? []), ...value.split(',').map((each) => each.trim())];
  }
  return named?.filter((name) => name !== 'content-length' && name !== 'authorization');
}

export interface Provenance {
  readonly requestId: string;
  readonly attempt: number;
  readonly clientAddress: string;
}

export function towardsWriter({ passed, host }: ClientHeaders, from: Provenance): string[] {
  const headers = [
    ...passed,
    'x-farol-request-id',
    from.requestId,
    'x-farol-attempt',
    String(from.attempt),
    'x-forwarded-for',
    from.clientAddress,
    'x-forwarded-proto',
    'https',
  ];
  if (host !== undefined) headers.push('x-forwarded-host', host);
  return headers;
}

type Answered = Record<string, string | string[] | undefined>;

/** An answer's headers, as `writeHead` takes them. */
export const towardsClient = (answered: Answered) => passedOn(answered, (name) => !OURS.test(name));

/** To another front, which is told what the writer says to fronts. */
export const towardsFront = (answered: Answered) => passedOn(answered, () => true);

function passedOn(
  answered: Answered,
  isTheirs: (name: string) => boolean,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const name in answered) {
    const value = answered[name];
    if (value === undefined || HOP_BY_HOP.has(name) || !isTheirs(name)) continue;
    headers[name] = value;
  }
  return headers;
}

/**
 * Whose request it is that another homeserver signs: its signature is another one each time, so it is known by its name and the
 * address from which it comes. Undefined for everybody else.
 */
export function serverClaimed(
  authorization: string | undefined,
  address: string,
): string | undefined {
  if (authorization === undefined || !/^x-matrix\s/i.test(authorization)) return undefined;
  const origin = /[\s,]origin\s*=\s*"?([^\s",]{1,255})/i.exec(authorization)?.[1];
  return origin === undefined ? undefined : `x-matrix ${origin} ${address}`;
}

/** Whose request it is. The token itself is kept nowhere but in the request. */
export function tokenOf(authorization: string | undefined, url: string): string | undefined {
  if (authorization !== undefined) return authorization.replace(/^bearer\s+/i, '');
  const query = url.indexOf('?');
  if (query === -1 || !url.includes('access_token=', query)) return undefined;
  return new URLSearchParams(url.slice(query + 1)).get('access_token') ?? undefined;
}
