import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { ownSecretFile } from '../identity/secret-file.ts';
import { Deadline } from '../log/deadline.ts';
import { makeMetrics } from '../metrics/metrics.ts';
import { holdAlone } from '../storage/embedded/alone.ts';
import { startEmbedded } from '../storage/embedded/embedded-postgres.ts';
import { answerMetrics } from './answer-metrics.ts';
import { OF_A_LONE_SERVER, openDoor } from './door.ts';
import { originForClients } from './origin-for-clients.ts';
import { openPools } from './pools.ts';
import type { BuildHomeserver, Running } from './serving.ts';
import { startWriting, type Writing } from './writing.ts';

export interface StartOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly build: BuildHomeserver;
  /**
   * The server cannot go on. `at-once`: it has said its last word to clients, and its memory is
   * void. `gently`: it may finish what is under way.
   */
  readonly onEnd: (reason: Error, how: 'at-once' | 'gently') => void;
}

/** Longer than a request takes, shorter than what a service manager waits before it kills. */
export const DRAIN_MS = 8_000;
const READERS_MAX = 8;
/** A PostgreSQL that dies takes the log's connection along: the cause is told rather than that. */
const CAUSE_MS = 200;

/**
 * One server on one machine: it makes itself the writer, without a deadline, since there is no other.
 * What was begun is given back in reverse, at a stop and also where the start fails half-way.
 */
export async function startAlone(options: StartOptions): Promise<Running> {
  const { config, logger, build } = options;
  const stack = new AsyncDisposableStack();
  try {
    const door = await openDoor({ address: config.listen }, OF_A_LONE_SERVER);
    stack.defer(() => door.drain(DRAIN_MS));
    const url = config.database ?? (await openEmbedded(options, stack));
    const { database, lookUps, bulk } = openPools({
      url: url,
      readersMax: READERS_MAX,
      logger,
      stack,
    });
    let writing: Writing | undefined;
    const metrics = makeMetrics({ committed: () => writing?.log.committed });
    writing = await startWriting({
      takeover: {
        url,
        leaderRevision: '0',
        deadline: Deadline.none(),
        onEnd: (reason) => setTimeout(() => options.onEnd(reason, 'at-once'), CAUSE_MS),
        onBatch: metrics.batch,
      },
      secret: ownSecretFile(join(resolve(config.data), 'secret')),
      ground: {
        config,
        database,
        lookUps,
        bulk,
        metrics,
        logger,
        publicUrl: config.publicUrl ?? originForClients(door.origin),
        behindFront: false,
      },
      build,
    });
    const { homeserver } = writing;
    stack.defer(() => writing.close());
    if (config.metricsListen) {
      const always = answerMetrics(metrics);
      const metricsDoor = await openDoor(
        { address: config.metricsListen },
        { before: always, after: always },
      );
      stack.defer(() => metricsDoor.drain(0));
    }
    door.lead(homeserver.handler);
    homeserver.answers();
    stack.defer(async () => {
      door.turnAway();
      await homeserver.close();
      await door.drain(DRAIN_MS);
    });
    return {
      origin: door.origin,
      greeting: homeserver.greeting,
      stop: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function openEmbedded(
  { config, logger, onEnd }: StartOptions,
  stack: AsyncDisposableStack,
): Promise<string> {
  let stopping = false;
  const postgres = await startEmbedded({
    folder: join(resolve(config.data), 'db'),
    onLine: (line) => logger.debug({ line }, 'postgres'),
  });
  const alone = await holdAlone(postgres.url);
  stack.defer(async () => {
    stopping = true;
    await alone.release();
    await postgres.stop();
  });
  void postgres.gone.then((how) => {
    if (stopping) return;
    const why = `PostgreSQL has ended (${how}), and Farol with it: start it again; nothing that was acknowledged is lost.`;
    onEnd(new Error(why), 'at-once');
  });
  return postgres.url;
}
