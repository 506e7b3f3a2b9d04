import { randomBytes } from 'node:crypto';
import { Awaited } from '../log/awaited.ts';
import { commitRows } from '../log/commit-rows.ts';
import { OutcomeUnknown } from '../log/log.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden, limitExceeded, MatrixError, notFound } from '../protocol/matrix-error.ts';
import {
  type Content,
  countedBytes,
  mediaOf,
  mediaRow,
  pendingCount,
  type Media as Row,
  type StoredMedia,
  uploadDoneRow,
} from '../storage/media/media.ts';
import { Downloads } from './downloads.ts';
import type { RemoteMedia } from './elsewhere/remote-media.ts';
import type { LastAccess } from './last-access.ts';
import type { CachedContent, PreviewPictures } from './previews/pictures.ts';
import type { Quota } from './quota.ts';
import type { Removal } from './removal.ts';
import type { Scanning } from './scanning/scanning.ts';
import type { Staged, Staging } from './staging.ts';
import type { Contents } from './stores/contents.ts';

export interface MediaPorts {
  readonly stored: Stored;
  readonly contents: Pick<Contents, 'opened'>;
  readonly serverName: ServerName;
  readonly staging: Pick<Staging, 'stage' | 'abandon'>;
  readonly quota: Quota;
  readonly removal: Pick<Removal, 'isErased'>;
  readonly access: Pick<LastAccess, 'note'>;
  readonly scanning: Pick<Scanning, 'admit' | 'begin'>;
  readonly pictures: Pick<PreviewPictures, 'contentOf' | 'read'>;
  readonly remote: Pick<RemoteMedia, 'contentOf'>;
  /** A file has come to be there. */
  readonly onStored: () => void;
}

/** What people have uploaded, or a preview shows. */
export type Shown = Content | CachedContent;

/** As it comes from whoever uploads it. */
export interface Upload {
  readonly userId: UserId;
  readonly declaredBytes: number | undefined;
  readonly chunks: AsyncIterable<Buffer>;
  readonly contentType: string;
  readonly fileName: string | null;
}

export interface Wish {
  readonly serverName: string;
  readonly mediaId: string;
  /** How long to wait for content that is still to be uploaded. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** On whose behalf another server is asked; where nobody is named, none is. */
  readonly who?: string | undefined;
}

const UNUSED_MS = 24 * 3_600_000;
/** Of those that were created and have no content yet, what one user may have. */
const PENDING_MAX = 100;

/** The content repository: what people upload, by `mxc://SERVER/ID`. */
export class Media {
  readonly #ports: MediaPorts;
  readonly #awaited = new Awaited();
  readonly #downloads = new Downloads();

  constructor(ports: MediaPorts) {
    this.#ports = ports;
  }

  /** A media id whose content is to come. */
  async create(userId: UserId, once: Once): Promise<JsonObject> {
    const { stored } = this.#ports;
    return stored.locks.run(`media of ${userId}`, async () => {
      const createdMs = stored.now();
      const pending = await pendingCount(stored.database, { userId, nowMs: createdMs });
      if (pending >= PENDING_MAX) throw limitExceeded(60_000);
      const expiresMs = createdMs + UNUSED_MS;
      const row = { mediaId: newMediaId(), userId, createdMs, expiresMs, content: undefined };
      const answer = { content_uri: this.#uriOf(row.mediaId), unused_expires_at: expiresMs };
      await this.#commit([mediaRow(row)], once, answer);
      return answer;
    });
  }

  /** Content and its media id in one. */
  upload(upload: Upload, once: Once): Promise<JsonObject> {
    const mediaId = newMediaId();
    const answer = { content_uri: this.#uriOf(mediaId) };
    const { userId } = upload;
    const row = { mediaId, userId, createdMs: this.#ports.stored.now(), expiresMs: null };
    return this.#store(mediaId, upload, async (content) => {
      await this.#put({ ...row, content }, once, answer);
      return answer;
    });
  }

  /** Content for a media id that the same user has created. */
  async uploadTo(
    { serverName, mediaId }: Pick<Wish, 'serverName' | 'mediaId'>,
    upload: Upload,
    once: Once,
  ): Promise<JsonObject> {
    const fillable = () => this.#fillable(serverName, mediaId, upload.userId);
    await fillable();
    return this.#store(mediaId, upload, (content) =>
      this.#ports.stored.locks.run(`media ${mediaId}`, async () => {
        const row = await fillable();
        await this.#put({ ...row, content }, once, {});
        this.#awaited.come(mediaId);
        return {};
      }),
    );
  }

  /** What is there; throws what a client is to be told where nothing is. */
  async contentOf(wish: Wish): Promise<Shown> {
    if (wish.who !== undefined && wish.serverName !== this.#ports.serverName)
      return this.#ports.remote.contentOf(wish, wish.who);
    const picture = await this.#pictureOf(wish);
    if (picture) return picture;
    const begunMs = performance.now();
    const { content, ...known } = await this.#there(wish);
    // One time for both: for the upload and for the scanner.
    const timeoutMs = Math.max(0, wish.timeoutMs - Math.ceil(performance.now() - begunMs));
    await this.#ports.scanning.admit({ ...known, content }, { ...wish, timeoutMs });
    this.#ports.access.note(wish.mediaId);
    return content;
  }

  /** Whether it is a media id whose content is still to come. */
  async isAwaited(wish: Pick<Wish, 'serverName' | 'mediaId'>): Promise<boolean> {
    const row = await this.#find(wish);
    return row !== undefined && row.content === undefined;
  }

  read(content: Shown, from: number, end: number): AsyncIterable<Buffer> {
    if ('cachedAs' in content) return this.#ports.pictures.read(content, from, end);
    return this.#downloads.read(this.#ports.contents.opened(content), { from, end });
  }

  close(): void {
    this.#awaited.close();
  }

  async #pictureOf({ serverName, mediaId }: Wish): Promise<CachedContent | undefined> {
    if (serverName !== this.#ports.serverName) return undefined;
    return this.#ports.pictures.contentOf(mediaId);
  }

  /** Waits for what is still to come. */
  async #there(wish: Wish): Promise<StoredMedia & { readonly content: Content }> {
    const known = await this.#known(wish);
    if (known.content) return { ...known, content: known.content };
    await this.#awaited.wait(wish.mediaId, { ms: wish.timeoutMs, signal: wish.signal });
    const { content, ...row } = await this.#known(wish);
    if (content) return { ...row, content };
    throw notYetUploaded();
  }

  async #known(wish: Pick<Wish, 'serverName' | 'mediaId'>): Promise<StoredMedia> {
    const row = await this.#find(wish);
    if (!row) throw notFound('There is no such media');
    return row;
  }

  async #find({
    serverName,
    mediaId,
  }: Pick<Wish, 'serverName' | 'mediaId'>): Promise<StoredMedia | undefined> {
    const { stored, serverName: own } = this.#ports;
    const row = serverName === own ? await mediaOf(stored.database, mediaId) : undefined;
    const isOver = row && !row.content && row.expiresMs !== null && row.expiresMs <= stored.now();
    return row && !isOver && !row.isQuarantined ? row : undefined;
  }

  async #fillable(serverName: string, mediaId: string, userId: UserId): Promise<Row> {
    const row = await this.#known({ serverName, mediaId });
    if (row.userId !== userId) throw forbidden('Somebody else has created this media id');
    if (!row.content) return row;
    throw new MatrixError(409, 'M_CANNOT_OVERWRITE_MEDIA', 'It has content already');
  }

  /** Stages the content, and has it committed: then, and only then, is it there. */
  #store(
    mediaId: string,
    { userId, declaredBytes = 0, chunks, contentType, fileName }: Upload,
    commit: (content: Content) => Promise<JsonObject>,
  ): Promise<JsonObject> {
    const { quota, staging } = this.#ports;
    return quota.during(userId, async (hold) => {
      hold.declare(countedBytes(declaredBytes));
      const staged = await staging.stage(chunks, (bytes) => hold.grow(countedBytes(bytes)));
      const answer = await this.#orAbandon(staged, () =>
        commit({ ...staged, mediaId, objectKey: null, contentType, fileName }),
      );
      hold.keep(countedBytes(staged.bytes));
      return answer;
    });
  }

  async #orAbandon<T>({ uploadNid }: Staged, commit: () => Promise<T>): Promise<T> {
    try {
      return await commit();
    } catch (error) {
      // Of what may be committed nothing is taken away; the next writer will know.
      if (!(error instanceof OutcomeUnknown)) this.#ports.staging.abandon(uploadNid);
      throw error;
    }
  }

  async #put(
    row: Row & { readonly content: Content },
    once: Once,
    answer: JsonObject,
  ): Promise<void> {
    if (this.#ports.removal.isErased(row.userId)) throw forbidden('Your account is being closed');
    await this.#commit([mediaRow(row), uploadDoneRow(row.content.uploadNid)], once, answer);
    this.#ports.scanning.begin(row);
    this.#ports.onStored();
  }

  #commit(
    rows: readonly ReturnType<typeof mediaRow>[],
    once: Once,
    answer: JsonObject,
  ): Promise<void> {
    return commitRows(this.#ports.stored.log, rows, once.outcome(200, answer));
  }

  #uriOf(mediaId: string): string {
    return `mxc://${this.#ports.serverName}/${mediaId}`;
  }
}

export const notYetUploaded = () =>
  new MatrixError(504, 'M_NOT_YET_UPLOADED', 'It has not been uploaded yet');

/** Nobody guesses one: whoever has it was told it. */
const newMediaId = (): string => randomBytes(18).toString('base64url');
