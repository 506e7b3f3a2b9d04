import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { connectorWith } from '../../certificates/connector.ts';
import type { Identity } from '../../certificates/identity.ts';
import { readReport } from '../../core/etcd/reading-report.ts';
import type { PeerWord, Stranger } from '../../core/peers.ts';
import type { Site } from '../../core/view.ts';
import { printable } from '../word.ts';
import { openDoor } from './door.ts';
import type { LeaveNote } from './leave-note.ts';

export interface PeersOptions {
  readonly cluster: string;
  readonly site: Site;
  readonly listen: string;
  /** Where the agents of the other sites listen. */
  readonly urls: Readonly<Record<Site, string>>;
  readonly identity: Identity;
  /** Where this site says to its own promotion whom it lets go on. */
  readonly note: LeaveNote;
  /** The port cannot be opened; told once for as long as it is for the same reason. */
  readonly onTrouble: (error: unknown) => void;
  readonly openAgainMs?: number;
}

interface Asked {
  word(): PeerWord;
  leave(site: Site, term: number): Promise<string | null>;
  cover(site: Site, term: number): Promise<string | null>;
  refused(stranger: Stranger): void;
}

const OPEN_AGAIN_MS = 2_000;
const ANSWERS_WITHIN_MS = 1_000;
/** A word has a few thousand; whatever is longer is none. */
const ANSWER_BYTES_MAX = 64 * 1024;
const WORD = '/v1/word';
const LEAVE = '/v1/leave/';
const COVER = '/v1/cover/';

const word = z.object({
  cluster: z.string(),
  site: z.string(),
  etcdSilentMs: z.number().nullable(),
  report: z.record(z.string(), z.unknown()),
  incarnation: z.object({ number: z.int().min(1), id: z.string().max(100) }).optional(),
  goingOn: z
    .object({
      inForce: z.boolean(),
      lacks: z.array(z.object({ site: z.string(), why: z.string() })),
    })
    .optional(),
});

/** What a leave and a cover are answered with. */
const yesOrWhy = z.object({ cluster: z.string(), site: z.string(), why: z.string().nullable() });

const TERM = /^\/v1\/(leave|cover)\/(\d{1,15})$/;

const shown = ({ site, why }: { site: Site; why: string }) => ({
  site: printable(site),
  why: printable(why),
});

/** The agents of the other sites, and this one as they see it. */
export class Peers {
  readonly sites: readonly Site[];
  readonly #options: PeersOptions;
  readonly #pools: ReadonlyMap<Site, Pool>;

  constructor(options: PeersOptions) {
    const { urls, identity } = options;
    this.#options = options;
    this.sites = Object.keys(urls);
    const connect = connectorWith(identity, { timeoutMs: ANSWERS_WITHIN_MS });
    // Questions that hang must not stand before the next one.
    const bounds = { connections: 6, pipelining: 1, allowH2: false };
    this.#pools = new Map(
      Object.entries(urls).map(([site, url]) => [
        site,
        new Pool(url, { ...bounds, connect, maxResponseSize: ANSWER_BYTES_MAX }),
      ]),
    );
  }

  async ask(site: Site): Promise<PeerWord> {
    const said = await this.#asked(site, word, WORD);
    const { carried: _, ...report } = said.report;
    const { etcdSilentMs, goingOn, incarnation } = said;
    return {
      etcdSilentMs,
      report: readReport(report, 0).report,
      ...(incarnation && { incarnation }),
      ...(goingOn && { goingOn: { ...goingOn, lacks: goingOn.lacks.map(shown) } }),
    };
  }

  askLeave(site: Site, term: number): Promise<string | null> {
    return this.#mayGoOn(site, `${LEAVE}${term}`);
  }

  askCover(site: Site, term: number): Promise<string | null> {
    return this.#mayGoOn(site, `${COVER}${term}`);
  }

  async #mayGoOn(site: Site, path: string): Promise<string | null> {
    const { why } = await this.#asked(site, yesOrWhy, path);
    return why && printable(why);
  }

  noteLeave(until: number): Promise<void> {
    return this.#options.note.note(until);
  }

  leaveNoted(): Promise<number> {
    return this.#options.note.noted();
  }

  /** Until the signal; where its address is not there yet, or somebody else has the port, it tries again. */
  async serve(asked: Asked, signal: AbortSignal): Promise<void> {
    const { onTrouble, openAgainMs = OPEN_AGAIN_MS } = this.#options;
    let told = '';
    while (!signal.aborted) {
      const door = await this.#open(asked).catch((error: unknown) => {
        if (told !== String(error)) onTrouble(error);
        told = String(error);
      });
      if (door === undefined) {
        await sleep(openAgainMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      if (!signal.aborted) await once(signal, 'abort');
      door.close();
    }
  }

  #open(asked: Asked): ReturnType<typeof openDoor> {
    const { cluster, site, listen, identity } = this.#options;
    return openDoor({
      listen,
      identity,
      sites: new Set(this.sites),
      answer: (from, method, path) => {
        if (method === 'GET' && path === WORD) return { cluster, site, ...asked.word() };
        const [, of, term] = TERM.exec(path) ?? [];
        if (method !== 'POST' || term === undefined) return undefined;
        const answer = of === 'leave' ? asked.leave : asked.cover;
        return answer(from, Number(term)).then((why) => ({ cluster, site, why }));
      },
      refused: asked.refused,
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  async #asked<T extends { cluster: string; site: Site }>(
    site: Site,
    schema: z.ZodType<T>,
    path: string,
  ): Promise<T> {
    const pool = this.#pools.get(site);
    if (pool === undefined) throw new Error('`peers` of failover.yml does not name it');
    const answer = await pool.request({
      path,
      method: path === WORD ? 'GET' : 'POST',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200)
      throw new Error(`it answered ${answer.statusCode}: ${printable(text)}`);
    const said = schema.parse(JSON.parse(text));
    this.#mustBe(site, said);
    return said;
  }

  /** Two names in a configuration may lead to one machine: it would count for both. */
  #mustBe(expected: Site, { cluster, site }: { cluster: string; site: Site }): void {
    if (site === expected && cluster === this.#options.cluster) return;
    const said = printable(`${site} of ${cluster}`);
    throw new Error(`the agent of ${said} answers in its place: see \`peers.sites\``);
  }
}
