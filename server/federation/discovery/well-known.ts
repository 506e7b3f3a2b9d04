import { Lru } from '../../log/lru.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { Reach } from '../reach.ts';
import { delegatedIn, direct } from './find-server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** "Cache for up to 24 hours where no header says how long", 48 at most, and errors for an hour at most. */
const KEPT_MS = DAY_MS;
const KEPT_MS_MAX = 2 * DAY_MS;
const KEPT_MS_MIN = 5 * 60_000;
const ERROR_KEPT_MS = HOUR_MS;
const HOSTS_MAX = 10_000;
const REDIRECTS_MAX = 5;
const BYTES_MAX = 50 * 1_024;
const ANSWERS_WITHIN_MS = 10_000;

interface Told {
  readonly delegated: ServerName | undefined;
  readonly keptMs: number;
}

/** What hosts say under `/.well-known/matrix/server`. */
export class WellKnown {
  readonly #reach: Pick<Reach, 'ask'>;
  readonly #now: () => number;
  readonly #told = new Lru<string, { delegated: ServerName | undefined; untilMs: number }>(
    HOSTS_MAX,
  );

  constructor(reach: Pick<Reach, 'ask'>, now: () => number) {
    this.#reach = reach;
    this.#now = now;
  }

  async of(host: string): Promise<ServerName | undefined> {
    const known = this.#told.get(host);
    if (known && this.#now() < known.untilMs) return known.delegated;
    const { delegated, keptMs } = await this.#ask(host);
    this.#told.set(host, { delegated, untilMs: this.#now() + keptMs });
    return delegated;
  }

  /** Whatever goes wrong is no failure of the discovery: it goes on without. */
  async #ask(host: string): Promise<Told> {
    try {
      return await this.#follow(new URL(`https://${host}/.well-known/matrix/server`));
    } catch {
      return { delegated: undefined, keptMs: ERROR_KEPT_MS };
    }
  }

  async #follow(first: URL): Promise<Told> {
    let url = first;
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    for (let count = 0; count <= REDIRECTS_MAX; count += 1) {
      const way = { ...direct(`${url.hostname}:${url.port || '443'}` as ServerName) };
      const { status, headers, body } = await this.#reach.ask(
        { ...way, hostHeader: url.host },
        {
          ...{ method: 'GET', path: url.pathname + url.search, headers: {} },
          signal,
          bytesMax: BYTES_MAX,
        },
      );
      const to = headers.location;
      if (status >= 300 && status < 400 && typeof to === 'string') {
        url = new URL(to, url);
        if (url.protocol !== 'https:') break;
      } else if (status === 200) {
        const delegated = delegatedIn(body.toString('utf8'));
        if (delegated === undefined) break;
        return { delegated, keptMs: keptMsBy(headers, this.#now()) };
      } else break;
    }
    return { delegated: undefined, keptMs: ERROR_KEPT_MS };
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** `Cache-Control: max-age` goes before `Expires` (RFC 9111, section 5.3). */
export function keptMsBy(headers: Headers, nowMs: number): number {
  const control = [headers['cache-control'] ?? []].flat().join(',');
  if (/\bno-(?:store|cache)\b/i.test(control)) return KEPT_MS_MIN;
  const seconds = /\bmax-age\s*=\s*"?(\d{1,10})/i.exec(control)?.[1];
  const expires = headers.expires;
  const untilMs = typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  const said = seconds !== undefined ? Number(seconds) * 1_000 : untilMs - nowMs;
  if (Number.isNaN(said)) return typeof expires === 'string' ? KEPT_MS_MIN : KEPT_MS;
  return Math.min(Math.max(said, KEPT_MS_MIN), KEPT_MS_MAX);
}
