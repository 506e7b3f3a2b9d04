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
/** Whom nobody reached may be there in a moment, since it was our own line that was down; each time in vain twice as long. */
const UNREACHED_KEPT_MS = 2 * 60_000;
/** So long what was said last is gone by, when nobody is reached. */
const LAST_WORD_MS = 7 * DAY_MS;
const HOSTS_MAX = 10_000;
const REDIRECTS_MAX = 5;
const BYTES_MAX = 50 * 1_024;
const ANSWERS_WITHIN_MS = 10_000;

interface Told {
  readonly delegated: ServerName | undefined;
  readonly keptMs: number;
  /** For whoever asks why. */
  readonly said: string;
}

interface InVain {
  readonly delegated?: undefined;
  readonly keptMs?: undefined;
  readonly said: string;
}

interface Kept {
  readonly delegated: ServerName | undefined;
  readonly untilMs: number;
  /** When the host was last reached; of one that never was, when it was first asked. */
  readonly saidMs: number;
  readonly timesInVain: number;
}

/** What hosts say under `/.well-known/matrix/server`. */
export class WellKnown {
  readonly #reach: Pick<Reach, 'ask'>;
  readonly #now: () => number;
  readonly #told = new Lru<string, Kept>(HOSTS_MAX);

  constructor(reach: Pick<Reach, 'ask'>, now: () => number) {
    this.#reach = reach;
    this.#now = now;
  }

  async of(host: string): Promise<ServerName | undefined> {
    const known = this.#told.get(host);
    if (known && this.#now() < known.untilMs) return known.delegated;
    const told = await this.look(host);
    if (told.keptMs !== undefined) return told.delegated;
    const kept = keptInVain(known, this.#now());
    this.#told.set(host, kept);
    return kept.delegated;
  }

  /** What it says now, by which requests go from now on; and why it is not more. */
  async look(host: string): Promise<Told | InVain> {
    const told = await this.#asked(host);
    if (told.keptMs !== undefined) this.#told.set(host, keptAs(told, this.#now()));
    return told;
  }

  /** Whatever goes wrong is no failure of the discovery: it goes on without. */
  async #asked(host: string): Promise<Told | InVain> {
    try {
      return await this.#follow(new URL(`https://${host}/.well-known/matrix/server`));
    } catch (error) {
      return { said: `https://${host} was not reached: ${(error as Error).message}` };
    }
  }

  async #follow(first: URL): Promise<Told | InVain> {
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
        if (url.protocol !== 'https:') return noWord(`${first} leads to ${url}, which is no https`);
      } else if (status === 200) {
        const delegated = delegatedIn(body.toString('utf8'));
        if (delegated === undefined) return noWord(`${url} names no server in m.server`);
        const said = `${url} names ${delegated}`;
        return { delegated, keptMs: keptMsBy(headers, this.#now()), said };
      } else if (status >= 500 || status === 429) return { said: `${url} has status ${status}` };
      else return noWord(`${url} has status ${status}`);
    }
    return noWord(`${first} leads on without an end`);
  }
}

const noWord = (said: string): Told => ({ delegated: undefined, keptMs: ERROR_KEPT_MS, said });

const keptAs = ({ delegated, keptMs }: Told, now: number): Kept => ({
  ...{ delegated, untilMs: now + keptMs, saidMs: now, timesInVain: 0 },
});

function keptInVain(before: Kept | undefined, now: number): Kept {
  const { saidMs, timesInVain } = before ?? { saidMs: now, timesInVain: 0 };
  const delegated = now - saidMs < LAST_WORD_MS ? before?.delegated : undefined;
  const untilMs = now + Math.min(UNREACHED_KEPT_MS * 2 ** timesInVain, ERROR_KEPT_MS);
  return { delegated, untilMs, saidMs, timesInVain: timesInVain + 1 };
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
