import { type Identity, openOrMakeIdentity } from '../identity/identity.ts';
import { EpochHistory } from '../log/epochs.ts';
import { keepHouse } from '../log/housekeeping.ts';
import { type TakeoverOptions, takeOver } from '../log/takeover.ts';
import type { Writer } from '../log/writer.ts';
import { migrate } from '../storage/migrate.ts';
import type { BuildHomeserver, Ground, Homeserver } from './serving.ts';

export interface WritingOptions {
  readonly takeover: TakeoverOptions;
  readonly secret: Buffer;
  readonly ground: Omit<Ground, 'log' | 'epochs' | 'identity'>;
  readonly build: BuildHomeserver;
}

/** A homeserver that may write. */
export interface Writing {
  readonly log: Writer;
  readonly identity: Identity;
  readonly homeserver: Homeserver;
  /** After its listeners have been drained. */
  close(): Promise<void>;
}

/**
 * Fence, catch up, and be ready to open the gate: the schema, the takeover, and only behind its
 * confirmation the identity and all else that is read from the database.
 */
export async function startWriting(options: WritingOptions): Promise<Writing> {
  const { ground, takeover } = options;
  await migrate(takeover.url);
  const log = await takeOver(takeover);
  const { identity, homeserver } = await buildOn(log, options).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  const house = new AbortController();
  const kept = keepHouse(ground.database, {
    signal: house.signal,
    onError: (error) => ground.logger.warn({ err: error }, 'housekeeping failed'),
  });
  return {
    log,
    identity,
    homeserver,
    async close() {
      house.abort();
      await kept;
      await log.close();
    },
  };
}

async function buildOn(log: Writer, { ground, secret, build }: WritingOptions) {
  const { serverName } = ground.config;
  const identity = await openOrMakeIdentity({ database: ground.database, log, serverName, secret });
  const epochs = await EpochHistory.load(ground.database, log);
  return { identity, homeserver: await build({ ...ground, log, epochs, identity }) };
}
