import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { notFound } from '../protocol/matrix-error.ts';
import type { Database } from '../storage/database.ts';
import {
  contentsOf,
  inSightAmong,
  inSightOf,
  protectRow,
  quarantineRow,
} from '../storage/media/quarantine.ts';
import type { Row } from '../storage/write.ts';
import { mediaInRoom } from './media-in-room.ts';
import { pagesOf } from './pages-of.ts';
import { isOfPreview } from './previews/pictures.ts';
import { REMOVAL_LOCK } from './removal.ts';

export interface QuarantinePorts {
  readonly stored: Stored;
  readonly serverName: ServerName;
  /** Of these nothing that was made of them is to be kept. */
  readonly onHidden: (contents: readonly { readonly sha256: Buffer }[]) => void;
}

export interface MediaName {
  readonly serverName: string;
  readonly mediaId: string;
}

const OF_PREVIEW =
  'This is a picture of a preview, which comes back: name its site in urlPreviews.deny';

/** Of a change, so that it does not hold up the log. */
const AT_ONCE = 500;

type Some = readonly { readonly mediaId: string }[];

/** What administrators take out of sight: nobody is given it, and its bytes stay. */
export class Quarantine {
  readonly #ports: QuarantinePorts;

  constructor(ports: QuarantinePorts) {
    this.#ports = ports;
  }

  /** Throws where it stands in none, so that no word of it would hold. */
  mustStandInTable({ mediaId }: MediaName): void {
    if (isOfPreview(mediaId)) throw notFound(OF_PREVIEW);
  }

  /** Null for who takes it out again. What is protected, or not there, stays as it is. */
  async mark({ serverName, mediaId }: MediaName, by: UserId | null, once: Once): Promise<void> {
    const rows = serverName === this.#ports.serverName ? [quarantineRow(mediaId, by)] : [];
    const hides = by === null || rows.length === 0 ? [] : [mediaId];
    await this.#commitHiding(hides, rows, once.outcome(200, {}));
  }

  protect(mediaId: string, isProtected: boolean, once: Once): Promise<void> {
    return this.#commit([protectRow(mediaId, isProtected)], once.outcome(200, {}));
  }

  /** All that somebody has uploaded. */
  markOf(userId: UserId, by: UserId, once: Once): Promise<JsonObject> {
    const { database } = this.#ports.stored;
    const inSight = pagesOf((after) => inSightOf(database, userId, { after, limit: AT_ONCE }));
    return this.#markAll(inSight, { by, once });
  }

  /** All that is shown in a room. */
  async markIn(roomId: RoomId, by: UserId, once: Once): Promise<JsonObject> {
    const { database } = this.#ports.stored;
    const { local } = await mediaInRoom({ ...this.#ports, database }, roomId);
    return this.#markAll(inSightOfAll(database, [...local]), { by, once });
  }

  /** By their ids, as clients write them. */
  async inRoom(
    roomId: RoomId,
  ): Promise<{ readonly local: readonly string[]; readonly remote: readonly string[] }> {
    const { stored, serverName } = this.#ports;
    const { local, remote } = await mediaInRoom({ serverName, database: stored.database }, roomId);
    const uris = [...local].map((mediaId) => `mxc://${serverName}/${mediaId}`);
    return { local: uris, remote: [...remote] };
  }

  /** A repeat goes on where a failover has cut it. */
  async #markAll(
    inSight: AsyncIterable<Some>,
    { by, once }: { by: UserId; once: Once },
  ): Promise<JsonObject> {
    let count = 0;
    for await (const some of inSight) {
      count += some.length;
      const mediaIds = some.map(({ mediaId }) => mediaId);
      await this.#commitHiding(
        mediaIds,
        mediaIds.map((mediaId) => quarantineRow(mediaId, by)),
      );
    }
    const answer = { num_quarantined: count };
    await this.#commit([], once.outcome(200, answer));
    return answer;
  }

  /** What is to be hidden is read first: behind the commit a repeat is told the outcome, and would hide nothing. */
  async #commitHiding(
    mediaIds: readonly string[],
    rows: readonly Row[],
    outcome?: ReturnType<Once['outcome']>,
  ): Promise<void> {
    const { stored, onHidden } = this.#ports;
    const contents = mediaIds.length > 0 ? await contentsOf(stored.database, mediaIds) : [];
    await this.#commit(rows, outcome);
    onHidden(contents);
  }

  #commit(rows: readonly Row[], outcome: ReturnType<Once['outcome']>): Promise<void> {
    const { log, locks } = this.#ports.stored;
    return locks.run(REMOVAL_LOCK, () => commitRows(log, rows, outcome));
  }
}

async function* inSightOfAll(
  database: Database,
  mediaIds: readonly string[],
): AsyncGenerator<Some> {
  for (let at = 0; at < mediaIds.length; at += AT_ONCE)
    yield await inSightAmong(database, mediaIds.slice(at, at + AT_ONCE));
}
