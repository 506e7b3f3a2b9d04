import {
  openOrMakeIdentity,
  type SecretSource,
  type WritersIdentity,
} from '../identity/identity.ts';
import { EpochHistory } from '../log/epochs.ts';
import { keepHouse } from '../log/housekeeping.ts';
import { type TakeoverOptions, takeOver } from '../log/takeover.ts';
import type { Writer } from '../log/writer.ts';
import { migrate, migrateBehind } from '../storage/migrate.ts';
import { RelationFill } from '../storage/rooms/relation-fill.ts';
import type { RelationsReady } from '../storage/rooms/room-store.ts';
import type { BuildHomeserver, Ground, Homeserver } from './serving.ts';

export interface WritingOptions {
  readonly takeover: TakeoverOptions;
  readonly secret: SecretSource;
  readonly ground: Omit<Ground, 'log' | 'epochs' | 'identity' | 'relationsReady'>;
  readonly build: BuildHomeserver;
}

/** A homeserver that may write. */
export interface Writing {
  readonly log: Writer;
  readonly identity: WritersIdentity;
  readonly homeserver: Homeserver;
  /** After its listeners have been drained. */
  close(): Promise<void>;
}

/**
 * Fence, catch up, and be ready to open the gate: the takeover with the schema, and only behind its
 * confirmation the identity and all else that is read from the database. Indexes that take long, and
 * rows that a migration leaves to be made, are made behind the gate.
 */
export async function startWriting(options: WritingOptions): Promise<Writing> {
  const { ground, takeover } = options;
  const log = await takeOver({ ...takeover, migrate: () => migrate(takeover.url) });
  const house = new AbortController();
  const { signal } = house;
  const { identity, homeserver, relations } = await buildOn(log, options, signal).catch(
    async (error: unknown) => {
      await log.close();
      throw error;
    },
  );
  const kept = keepHouse(ground.database, {
    signal,
    epoch: log.epoch,
    clock: log.clock,
    now: Date.now,
    onError: (error) => ground.logger.warn({ err: error }, 'housekeeping failed'),
  });
  const behind = async (what: string, work: Promise<void>) =>
    work.catch((error: unknown) =>
      ground.logger.warn({ err: error }, `${what} could not be made; the next start tries again`),
    );
  const made = [
    behind('an index', migrateBehind(takeover.url, { signal })),
    behind('what relates to events of before', relations.ofAll()),
  ];
  return {
    log,
    identity,
    homeserver,
    async close() {
      house.abort();
      await Promise.all([kept, ...made]);
      await log.close();
    },
  };
}

async function buildOn(
  log: Writer,
  { ground, secret, build, takeover }: WritingOptions,
  signal: AbortSignal,
) {
  const { serverName } = ground.config;
  const identity = await openOrMakeIdentity({ database: ground.database, log, serverName, secret });
  const epochs = await EpochHistory.load(ground.database, log);
  const relations = await RelationFill.open(takeover.url, signal);
  const relationsReady: RelationsReady = (roomNids) => relations.ofRooms(roomNids);
  const homeserver = await build({ ...ground, log, epochs, identity, relationsReady });
  return { identity, homeserver, relations };
}
