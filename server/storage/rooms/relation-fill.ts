import type pg from 'pg';
import { TYPES } from '../database.ts';
import { openMigrationSession } from '../migration-session.ts';
import { isReadable } from '../readable-json.ts';

const ROOMS_AT_ONCE = 50;
/** Behind a takeover hundreds of rooms are needed in one moment, and PostgreSQL has a hundred connections for all. */
const SESSIONS_MAX = 4;

/**
 * The rows of `relation` and `thread` for events from before there were these tables. Made behind the
 * takeover, since each event has to be read for them; a room that is brought into memory before its
 * turn has its own made then, so that whoever reads finds all of them. Nothing is written to a room
 * that is not in memory, so nothing that is made here was taken away by a redaction meanwhile.
 */
export class RelationFill {
  readonly #url: string;
  /** Aborted, it cuts off what is under way: the writer ends. */
  readonly #signal: AbortSignal | undefined;
  #waiting: WaitingRooms | undefined;
  readonly #rooms = new Map<number, Promise<void>>();
  /** In order of arrival. */
  #asked: AskedRoom[] = [];
  #sessions = 0;

  private constructor(
    url: string,
    signal: AbortSignal | undefined,
    waiting: WaitingRooms | undefined,
  ) {
    this.#url = url;
    this.#signal = signal;
    this.#waiting = waiting;
  }

  /** Which rooms wait is read once: behind the migration, by the only writer. */
  static async open(url: string, signal?: AbortSignal): Promise<RelationFill> {
    await using session = await openSession(url);
    const { rows } = await session.client.query<WaitingRooms>(
      'SELECT filled_up_to AS after, rooms_up_to AS "upTo" FROM relation_fill',
    );
    return new RelationFill(url, signal, rows[0]);
  }

  /** Resolves when the rooms have all of their rows; at once for nearly all, and for all in the end. */
  async ofRooms(roomNids: readonly number[]): Promise<void> {
    const { after, upTo } = this.#waiting ?? NOTHING;
    const waiting = roomNids.filter((nid) => nid > after && nid <= upTo);
    for (const nid of waiting) if (!this.#rooms.has(nid)) this.#ask(nid);
    if (this.#asked.length > 0 && this.#sessions < SESSIONS_MAX) void this.#fillAsked();
    await Promise.all(waiting.map((nid) => this.#rooms.get(nid)));
  }

  /** All that wait, or as many as come before the signal. What an earlier writer has done is not done again. */
  async ofAll(): Promise<void> {
    if (this.#waiting === undefined) return;
    await using session = await openSession(this.#url);
    const { client } = session;
    const { upTo } = this.#waiting;
    for (let nids = await next(client, this.#waiting); nids.length > 0; ) {
      if (this.#signal?.aborted) return;
      await this.ofRooms(nids);
      const after = nids.at(-1)!;
      await client.query('UPDATE relation_fill SET filled_up_to = $1', [after]);
      this.#waiting = { after, upTo };
      nids = await next(client, this.#waiting);
    }
    await client.query('DELETE FROM relation_fill');
    this.#waiting = undefined;
    this.#rooms.clear();
  }

  #ask(nid: number): void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#rooms.set(nid, promise);
    this.#asked.push({ nid, resolve, reject });
  }

  /** Until nobody asks any more. Never rejects: whoever asked is told. */
  async #fillAsked(): Promise<void> {
    this.#sessions += 1;
    while (this.#asked.length > 0) {
      const asked = this.#asked.splice(0, ROOMS_AT_ONCE);
      try {
        await this.#fill(asked.map(({ nid }) => nid));
        for (const { resolve } of asked) resolve();
      } catch (error) {
        for (const { nid, reject } of asked) {
          this.#rooms.delete(nid);
          reject(error);
        }
      }
    }
    this.#sessions -= 1;
  }

  async #fill(roomNids: readonly number[]): Promise<void> {
    await using session = await openSession(this.#url, this.#signal);
    const { client } = session;
    await client.query('BEGIN');
    await client.query(RELATIONS, [roomNids]);
    await client.query(THREADS, [roomNids]);
    await client.query('COMMIT');
  }
}

interface AskedRoom {
  readonly nid: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Rooms with numbers in (after, upTo]. */
interface WaitingRooms {
  readonly after: number;
  readonly upTo: number;
}
const NOTHING: WaitingRooms = { after: 0, upTo: 0 };

/** Of the migrations, so that the next takeover ends it if this server is frozen. */
const openSession = (url: string, signal?: AbortSignal) =>
  openMigrationSession(url, { signal, types: TYPES });

async function next(client: pg.Client, { after, upTo }: WaitingRooms): Promise<number[]> {
  const { rows } = await client.query<{ nid: number }>(
    `SELECT room_nid AS nid FROM room WHERE room_nid > $1 AND room_nid <= $2
     ORDER BY room_nid LIMIT $3`,
    [after, upTo, ROOMS_AT_ONCE],
  );
  return rows.map(({ nid }) => nid);
}

/** What PostgreSQL cannot read as text (U+0000, half a surrogate pair) relates to nothing. */
const RELATIONS = `INSERT INTO relation
    (room_nid, target_id, rel_type, depth, event_nid, type, sender, edit_ts)
  SELECT room_nid, target_id, rel_type, depth, event_nid, type, sender,
    CASE WHEN rel_type = 'm.replace' AND state_key IS NULL
      AND (type = 'm.room.encrypted' OR new_content = 'object') THEN origin_server_ts END
  FROM (
    SELECT event.*, content #>> '{m.relates_to,event_id}' AS target_id,
      CASE WHEN json_typeof(content #> '{m.relates_to,rel_type}') = 'string'
        THEN content #>> '{m.relates_to,rel_type}' END AS rel_type,
      json_typeof(content #> '{m.new_content}') AS new_content
    FROM event CROSS JOIN LATERAL (
      SELECT CASE WHEN json LIKE '%"m.relates_to"%'
        AND ${isReadable('json')} THEN json::json -> 'content' END AS content) parsed
    WHERE room_nid = ANY ($1) AND NOT (outlier OR rejected OR soft_failed)
      AND NOT EXISTS (SELECT 1 FROM redaction WHERE target_nid = event.event_nid)) related
  WHERE target_id LIKE '$%' AND octet_length(target_id) <= 255 AND octet_length(rel_type) <= 255
  ON CONFLICT DO NOTHING`;

const THREADS = `INSERT INTO thread (room_nid, root_id, latest_depth, latest_nid)
  SELECT DISTINCT ON (room_nid, target_id) room_nid, target_id, depth, event_nid FROM relation
  WHERE room_nid = ANY ($1) AND rel_type = 'm.thread'
  ORDER BY room_nid, target_id, depth DESC, event_nid DESC
  ON CONFLICT (room_nid, root_id) DO UPDATE
    SET latest_depth = excluded.latest_depth, latest_nid = excluded.latest_nid
    WHERE (thread.latest_depth, thread.latest_nid) < (excluded.latest_depth, excluded.latest_nid)`;
