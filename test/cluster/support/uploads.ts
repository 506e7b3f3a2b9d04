import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Target } from '../../support/history/recording-client.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

/** What somebody uploaded, or tried to. */
export interface Upload {
  readonly through: string;
  readonly sha256: string;
  /** Undefined where it was not acknowledged. */
  readonly mediaId: string | undefined;
}

/** Somebody who uploads through one target, and writes down what came of it. */
export class Uploader {
  readonly uploads: Upload[] = [];
  /** Of files of their own that were given out whole. */
  reads = 0;
  readonly #target: Target;
  readonly #name: string;
  readonly #connections: Agent;
  #token = '';

  constructor(name: string, target: Target) {
    this.#name = name;
    this.#target = target;
    const connect = { timeout: 3_000, keepAliveInitialDelay: 1_000, ca: target.ca! };
    this.#connections = new Agent({ connections: 1, headersTimeout: NO_ANSWER_MS, connect });
  }

  async register(): Promise<void> {
    const auth = { type: 'm.login.dummy' };
    const account = { username: this.#name, password: 'correct horse battery staple', auth };
    const body = JSON.stringify(account);
    const answer = await until(`${this.#name} has an account`, async () => {
      const reply = await this.#ask('POST', '/_matrix/client/v3/register', Buffer.from(body));
      return JSON.parse(reply.body.toString()) as { access_token?: string };
    });
    this.#token = answer.access_token!;
  }

  /** Is not repeated: the client that does not hear of it knows no media id. */
  async upload(bytes: Buffer): Promise<Upload> {
    const sha256 = hashOf(bytes);
    const mediaId = await this.#uploaded(bytes).catch(() => undefined);
    const upload = { through: this.#target.through, sha256, mediaId };
    this.uploads.push(upload);
    return upload;
  }

  async uploadUntil(signal: AbortSignal, sizes: readonly number[]): Promise<void> {
    for (let n = 0; !signal.aborted; n += 1) {
      const { mediaId } = await this.upload(randomBytes(sizes[n % sizes.length]!));
      if (mediaId === undefined) await sleep(PAUSE_MS);
    }
  }

  /** Reads what was acknowledged, again and again; throws where other bytes are given. What is broken off is asked for anew. */
  async readUntil(signal: AbortSignal): Promise<void> {
    for (let n = 0; !signal.aborted; n += 1) {
      const known = this.uploads.filter(({ mediaId }) => mediaId !== undefined);
      const { mediaId, sha256 } = known[n % known.length] ?? {};
      const given = mediaId && (await this.checksumOf(mediaId).catch(() => undefined));
      if (!given) await sleep(PAUSE_MS);
      else if (given !== sha256) throw new Error(`${mediaId} is given with other bytes`);
      else this.reads += 1;
    }
  }

  /** Whoever reads a file as slowly as they like. */
  async reading(mediaId: string): Promise<Reading> {
    const reply = await request(this.#target.origin + pathOf(mediaId), {
      dispatcher: this.#connections,
      headers: { authorization: `Bearer ${this.#token}` },
    });
    if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} for ${mediaId}`);
    return new Reading(reply.body);
  }

  /** The checksum of what is given for it; throws where nothing is. */
  async checksumOf(mediaId: string): Promise<string> {
    const { status, body } = await this.#ask('GET', pathOf(mediaId));
    if (status !== 200) throw new Error(`${this.#target.through} gives ${status} for ${mediaId}`);
    return hashOf(body);
  }

  close(): Promise<void> {
    return this.#connections.destroy();
  }

  async #uploaded(bytes: Buffer): Promise<string | undefined> {
    const { status, body } = await this.#ask('POST', '/_matrix/media/v3/upload', bytes);
    if (status !== 200) return undefined;
    const { content_uri } = JSON.parse(body.toString()) as { content_uri: string };
    return content_uri.split('/').at(-1)!;
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: Buffer) {
    const reply = await request(this.#target.origin + path, {
      ...{ method, dispatcher: this.#connections },
      headers: { ...(this.#token !== '' && { authorization: `Bearer ${this.#token}` }) },
      ...(body && { body }),
    });
    return { status: reply.statusCode, body: Buffer.from(await reply.body.arrayBuffer()) };
  }
}

/** A download that is under way. */
export class Reading {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(body: AsyncIterable<Buffer>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** Until so many bytes in all are there. */
  async take(bytes: number): Promise<void> {
    while (this.#bytes < bytes) {
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error(`It ends after ${this.#bytes} bytes`);
      this.#hash.update(value);
      this.#bytes += value.length;
    }
  }

  /** Of all that was taken. */
  checksum(): string {
    return this.#hash.digest('hex');
  }
}

const pathOf = (mediaId: string) => `/_matrix/client/v1/media/download/${SERVER_NAME}/${mediaId}`;

/** Of the lab's clusters. */
const SERVER_NAME = 'farol.test';
const NO_ANSWER_MS = 120_000;
const PAUSE_MS = 200;

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What the database of a site has: media ids with the checksum of their pieces, and pieces that are nobody's. */
export async function mediaAt(site: Site) {
  const media = await site.sql<{ id: string; sha256: string }>(
    `SELECT media_id AS id, encode(sha256(coalesce(string_agg(piece.bytes, ''::bytea ORDER BY begins_at), '')), 'hex') AS sha256
     FROM media LEFT JOIN media_piece AS piece USING (upload_nid) GROUP BY media_id`,
  );
  const [left] = await site.sql<{ uploads: number; pieces: number }>(
    `SELECT (SELECT count(*) FROM media_upload) AS uploads, (SELECT count(*) FROM media_piece
       WHERE NOT EXISTS (SELECT FROM media WHERE media.upload_nid = media_piece.upload_nid)) AS pieces`,
  );
  return { media: new Map(media.map(({ id, sha256 }) => [id, sha256])), left: left! };
}

/** Acknowledged and not there as it was; and there, though nobody can have uploaded it so. */
export function lossesIn(
  uploads: readonly Upload[],
  media: ReadonlyMap<string, string>,
): readonly string[] {
  const known = new Map(uploads.map(({ mediaId, sha256 }) => [mediaId, sha256]));
  const unheard = new Set(uploads.flatMap((each) => (each.mediaId ? [] : [each.sha256])));
  const wrong = uploads.flatMap(({ mediaId, sha256, through }) => {
    if (mediaId === undefined || media.get(mediaId) === sha256) return [];
    return [`${mediaId}, acknowledged through ${through}, is ${media.get(mediaId) ?? 'not there'}`];
  });
  // Whoever did not hear the answer may have it there, once.
  const foreign = [...media].flatMap(([mediaId, sha256]) =>
    known.has(mediaId) || unheard.delete(sha256) ? [] : [`${mediaId} is nobody's`],
  );
  return [...wrong, ...foreign];
}

/** From now on pieces behind so many bytes wait in the database of this site, until it leads no more or ends. */
export async function holdPiecesBehind(primary: Site, bytes: number): Promise<void> {
  const gate = `CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END';
    CREATE OR REPLACE TRIGGER gate BEFORE INSERT ON media_piece FOR EACH ROW
      WHEN (NEW.begins_at > ${bytes}) EXECUTE FUNCTION wait_at_gate()`;
  await primary.must(['psql', '-Xqd', 'farol', '-c', gate], 'postgres');
  const hold = `psql -Xqd farol -c 'SELECT pg_advisory_lock(1), pg_sleep(86400)' >/dev/null 2>&1 &`;
  await primary.must(['sh', '-c', hold], 'postgres');
  await until('the gate is shut', () =>
    isLocked(primary, `locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'`),
  );
}

export const untilPieceWaits = (primary: Site): Promise<unknown> =>
  until('a piece waits in the middle of the upload', () =>
    isLocked(primary, `locktype = 'advisory' AND NOT granted`),
  );

const isLocked = async (site: Site, condition: string): Promise<boolean> =>
  (await site.sql(`SELECT pid FROM pg_locks WHERE ${condition}`)).length > 0;
