import { badGateway } from '../../protocol/matrix-error.ts';
import { type ByteReader, type Database, NotThoseBytes } from '../../storage/database.ts';
import { type Content, mediaOf } from '../../storage/media/media.ts';
import { bytesIn } from '../../storage/media/pieces.ts';
import { NoSuchObject, type ObjectStore, StoreAway } from './object-store.ts';
import { type Lent, type PartOf, RecentParts } from './recent-parts.ts';

export interface ContentPorts {
  readonly database: Database;
  readonly pieces: ByteReader;
  /** Undefined where the operator names none. */
  readonly objects: ObjectStore | undefined;
  readonly onAway: (error: StoreAway) => void;
}

/** Where the bytes of a media id lay when that was seen. */
export type Located = Pick<Content, 'mediaId' | 'uploadNid' | 'objectKey'>;

/** A part of one file, to be given back behind its last reader: nothing that reads ahead, as a stream does, may stand in between. */
export type ReadPart = (from: number, end: number) => Promise<Lent>;

/** Bytes of files, wherever they lie. */
export class Contents {
  readonly #ports: ContentPorts;
  readonly #recent = new RecentParts();

  constructor(ports: ContentPorts) {
    this.#ports = ports;
  }

  /** Where the file is moved meanwhile, the next part comes from where it lies then. */
  opened(file: Located): ReadPart {
    let place = file;
    return async (from, end) => {
      try {
        return await this.#bytes(place, from, end);
      } catch (error) {
        const moved = hasGone(error) ? await this.#movedTo(place) : undefined;
        if (!moved) throw error;
        place = moved;
        return this.#bytes(place, from, end);
      }
    };
  }

  #bytes({ uploadNid, objectKey }: Located, from: number, end: number): Promise<Lent> {
    const part = { uploadNid, from, end };
    return this.#recent.read(part, (place) =>
      objectKey === null
        ? bytesIn(this.#ports.pieces, part, place())
        : this.#inObject(objectKey, part),
    );
  }

  async #inObject(objectKey: string, { from, end }: PartOf): Promise<Buffer> {
    try {
      if (!this.#ports.objects) throw new StoreAway(NOT_NAMED);
      return await this.#ports.objects.bytes(objectKey, from, end);
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      this.#ports.onAway(error);
      throw badGateway('This file cannot be read at the moment', error);
    }
  }

  async #movedTo({ mediaId, uploadNid, objectKey }: Located): Promise<Located | undefined> {
    const now = (await mediaOf(this.#ports.database, mediaId))?.content;
    const isElsewhere = now && (now.uploadNid !== uploadNid || now.objectKey !== objectKey);
    return isElsewhere ? now : undefined;
  }
}

const hasGone = (error: unknown) => error instanceof NotThoseBytes || error instanceof NoSuchObject;

const NOT_NAMED = 'Files lie in an object store that this server is not told of: set the keys "s3"';
