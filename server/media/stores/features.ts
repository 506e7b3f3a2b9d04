import type { BulkLane } from '../../log/bulk.ts';
import type { Store } from '../../storage/media/objects.ts';
import { GoneContent } from '../gone.ts';
import { StoreUses } from '../store-uses.ts';
import { Contents } from './contents.ts';
import { Mover, type MoverPorts } from './mover.ts';
import { type ObjectStore, StoreAway } from './object-store.ts';
import { type S3Settings, S3Store } from './s3.ts';

/** What the operator says of a store beside the database. */
export interface StoreWish extends S3Settings {
  /** Else all files are brought back into the database. */
  readonly holdsFiles: boolean;
}

export interface StorePorts extends Pick<MoverPorts, 'stored' | 'pieces' | 'staging'> {
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

/** Where bytes lie, and how they come and go there. `wish`: undefined where all files lie in the database. */
export function storeFeatures(wish: StoreWish | undefined, ports: StorePorts) {
  const { stored, pieces, staging, lane } = ports;
  const onError = seldom(ports.onError, stored.now);
  const objects: ObjectStore | undefined = wish && new S3Store(wish);
  const wanted: Store = wish?.holdsFiles ? 's3' : 'postgresql';
  const gone = new GoneContent({ stored, lane, objects, onError });
  const onGone = () => gone.begin();
  const mover = objects && new Mover({ stored, pieces, staging, objects, wanted, onGone, onError });
  return {
    contents: new Contents({ database: stored.database, pieces, objects, onAway: onError }),
    uses: new StoreUses(stored, wanted),
    /** Content has lost its media id. */
    onGone,
    /** A file has come to be there. */
    onStored: () => mover?.begin(),
    begin() {
      gone.begin();
      void mover?.keepMoving();
    },
    async close() {
      gone.close();
      mover?.end();
      await objects?.close();
    },
  };
}

const TOLD_EVERY_MS = 60_000;

/** Of a store that is away the operator is told once a minute, however many notice. */
function seldom(onError: StorePorts['onError'], now: () => number): StorePorts['onError'] {
  let quietUntilMs = 0;
  return (error) => {
    if (error instanceof StoreAway) {
      if (now() < quietUntilMs) return;
      quietUntilMs = now() + TOLD_EVERY_MS;
    }
    onError(error);
  };
}
