import { isIP } from 'node:net';
import { bareHost } from '../../core/bare-host.ts';
import type { Millis } from '../../core/timings.ts';
import type { LinkReport } from '../../core/view.ts';
import { outputOf } from '../program.ts';
import { type Connection, connectionIn } from './connections.ts';

export interface LinksOptions {
  /** URLs at the other machines of the cluster; those by name are not watched. */
  readonly urls: readonly string[];
  readonly now: () => Millis;
  /** What `ss` prints of the connections with these hosts. */
  readonly ask?: (hosts: readonly string[]) => Promise<string>;
}

/** So many packets tell one loss in ten from chance, with patience on top. */
const WINDOW_MS = 10_000;
/** Each is an average of its connection's own. */
const LATELY_MS = 4_000;
const PACKETS_MIN = 10;
const AGAIN_MIN = 2;
const ASK_WITHIN_MS = 1_500;

/**
 * How well packets come to the other machines (F10), by what the kernel counts of the connections that are there anyway:
 * etcd's, replication's, Patroni's, those of fronts. So nothing is sent for it, no port is open for it, and what counts is what was needed.
 */
export class Links {
  readonly #hosts: readonly string[];
  readonly #options: LinksOptions;
  #before = new Map<string, Connection>();
  #seen: readonly Seen[] = [];

  constructor(options: LinksOptions) {
    this.#options = options;
    const hosts = options.urls.map((url) => bareHost(new URL(url)));
    this.#hosts = [...new Set(hosts)].filter((host) => isIP(host) !== 0);
  }

  /** By host; of the last ten seconds. */
  async look(): Promise<Readonly<Record<string, LinkReport>>> {
    if (this.#hosts.length === 0) return {};
    const { now, ask = askKernel } = this.#options;
    const printed = await ask(this.#hosts);
    const at = now();
    const connections = printed.split('\n').flatMap((line) => connectionIn(line) ?? []);
    this.#seen = [
      ...this.#seen.filter((each) => at - each.at < WINDOW_MS),
      ...connections.flatMap((each) => this.#since(each, at)),
    ];
    this.#before = new Map(connections.map((each) => [each.id, each]));
    return Object.fromEntries(this.#hosts.map((host) => [host, reportOf(this.#seen, host, at)]));
  }

  /** What came of a connection since the last look. One that was there before the first has counted for long. */
  #since(now: Connection, at: Millis): Seen[] {
    const known = this.#before.get(now.id);
    const isAnew = known !== undefined && now.sent < known.sent;
    if (known === undefined && this.#before.size === 0) return [];
    const before = known === undefined || isAnew ? { sent: 0, again: 0 } : known;
    const sent = now.sent - before.sent;
    if (sent === 0) return [];
    return [
      { at, host: now.host, sent, again: Math.max(0, now.again - before.again), rttMs: now.rttMs },
    ];
  }
}

interface Seen {
  readonly at: Millis;
  readonly host: string;
  readonly sent: number;
  readonly again: number;
  readonly rttMs: Millis | null;
}

/** One connection may wait for a program; where all are late the way is. */
function reportOf(seen: readonly Seen[], host: string, now: Millis): LinkReport {
  const here = seen.filter((each) => each.host === host);
  const lately = here.filter(({ at }) => now - at < LATELY_MS);
  const all = sumOf(here);
  if (all.sent < PACKETS_MIN) return { lost: null, rttMs: null };
  const rtts = lately.flatMap(({ rttMs }) => rttMs ?? []);
  return {
    lost: all.again < AGAIN_MIN ? 0 : Math.min(1, partOf(all), goingOn(sumOf(lately))),
    rttMs: rtts.length === 0 ? null : Math.min(...rtts),
  };
}

/** A cut of some seconds is over when all is sent again; it would else stay in the window for longer than patience lasts. */
const goingOn = (lately: Sum): number => (lately.sent < PACKETS_MIN ? 1 : 2 * partOf(lately));

type Sum = Pick<Seen, 'sent' | 'again'>;

const partOf = ({ sent, again }: Sum): number => again / sent;

const sumOf = (seen: readonly Seen[]): Sum => ({
  sent: seen.reduce((total, { sent }) => total + sent, 0),
  again: seen.reduce((total, { again }) => total + again, 0),
});

const askKernel = (hosts: readonly string[]): Promise<string> =>
  outputOf('ss', ['-tinHO', hosts.map(toHost).join(' or ')], {
    withinMs: ASK_WITHIN_MS,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });

const toHost = (host: string): string => `dst ${host.includes(':') ? `[${host}]` : host}`;
