import { Pool } from 'undici';
import { z } from 'zod';
import { connectorWith } from '../../certificates/connector.ts';
import type { Identity } from '../../certificates/identity.ts';
import type { PostgresReport, Site } from '../../core/view.ts';

/** What GET /patroni tells, as far as we read it. Positions are numbers of bytes. */
const status = z.looseObject({
  state: z.string(),
  role: z.string().optional(),
  timeline: z.number().nullish(),
  replication_state: z.string().nullish(),
  xlog: z
    .looseObject({
      location: z.number().nullish(),
      received_location: z.number().nullish(),
      replayed_location: z.number().nullish(),
    })
    .optional(),
  /** Of its configuration's file, which Patroni takes up together with its `pre_promote`. */
  tags: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

const CONNECT_WITHIN_MS = 1_000;
const STATUS_WITHIN_MS = 1_000;
/** A switchover answers when it is over: 2.6-2.8 s were measured, and a checkpoint may come before. */
const SWITCHOVER_WITHIN_MS = 60_000;
const REINITIALIZE_WITHIN_MS = 10_000;

/** The REST API of this site's own Patroni. */
export class Patroni {
  readonly #pool: Pool;

  /** Who asks Patroni to move the primary must show a certificate of the cluster. */
  constructor(url: string, identity?: Identity) {
    this.#pool = new Pool(url, {
      connections: 4,
      pipelining: 1,
      allowH2: false,
      connect: connectorWith(identity, { timeoutMs: CONNECT_WITHIN_MS }),
    });
  }

  /**
   * Throws where Patroni does not answer. It answers 503 in some states, and that is an answer. `/patroni` tells the
   * same, but Patroni 4.0.7 asks PostgreSQL twice for it, with a second between: of one that starts, and may do so
   * for ever, it would be known that Patroni is silent (1.6-1.8 s seen).
   */
  async report(): Promise<ReturnType<typeof reportFrom>> {
    const answer = await this.#pool.request({
      path: '/health',
      method: 'GET',
      signal: AbortSignal.timeout(STATUS_WITHIN_MS),
    });
    const told = status.parse(await answer.body.json());
    if (told.state === 'unknown') throw new Error('Patroni could not ask its PostgreSQL');
    return reportFrom(told);
  }

  async switchover(from: Site, to: Site): Promise<void> {
    await this.#order('/switchover', { leader: from, candidate: to }, SWITCHOVER_WITHIN_MS);
  }

  /**
   * Clones this site's copy anew from the primary, and ends for it what Patroni is at, such as a rewind that hangs. But not
   * another such clone: ended while PostgreSQL is stopping for it, Patroni removes the copy, and makes none.
   */
  async reinitialize(): Promise<void> {
    const { isDone, said } = await this.#told('/reinitialize', {}, REINITIALIZE_WITHIN_MS);
    if (isDone || said === 'reinitialize already in progress') return;
    if (!said.endsWith('already in progress')) throw new Error(`Patroni says: ${said}`);
    await this.#order('/reinitialize', { force: true }, REINITIALIZE_WITHIN_MS);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #order(path: string, body: object, withinMs: number): Promise<void> {
    const { isDone, said } = await this.#told(path, body, withinMs);
    if (!isDone) throw new Error(`Patroni says: ${said}`);
  }

  async #told(path: string, body: object, withinMs: number) {
    const answer = await this.#pool.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
      headersTimeout: withinMs,
    });
    const said = (await answer.body.text()).trim();
    return { isDone: answer.statusCode < 300, said };
  }
}

/**
 * A standby that was started anew, and reaches nobody, says of what it has received the beginning of a segment, and may have replayed
 * more than that (17.12: two copies said 0/5000000, and had 0/51A9B88 and 0/51ADCF8). Patroni says `running` of a standby that
 * receives nothing; `replication_state` knows better.
 */
export function reportFrom({
  state,
  role,
  timeline,
  replication_state,
  xlog,
  tags,
}: z.infer<typeof status>): PostgresReport & { readonly heedsLeave?: true } {
  const primary = role === 'primary' || role === 'master';
  const { location, received_location, replayed_location } = xlog ?? {};
  const known = [location, received_location, replayed_location].filter((each) => each != null);
  return {
    role: primary ? 'primary' : 'standby',
    state: primary ? state : (replication_state ?? state),
    timeline: timeline ?? null,
    lsn: known.length === 0 ? null : String(Math.max(...known)),
    ...(tags?.farol_heeds_leave === true && { heedsLeave: true }),
  };
}
