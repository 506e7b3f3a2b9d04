import pino from 'pino';
import { accountFeatures } from './accounts/features.ts';
import { followRoom } from './accounts/follow-room.ts';
import { PASSWORD_COSTS } from './accounts/password-hash.ts';
import { clientApi } from './client-api/endpoints.ts';
import { LargeReads } from './client-api/rooms/large-reads.ts';
import { optionsHelp } from './config/example.ts';
import { ratesOf } from './config/rates.ts';
import type { Config } from './config/schema.ts';
import { encryptionFeatures } from './encryption/features.ts';
import { RateLimits } from './http/rate-limits.ts';
import { requestListener } from './http/serve.ts';
import { KeyedMutex } from './log/keyed-mutex.ts';
import { DatabaseUnavailable } from './log/log.ts';
import { OutcomeStore } from './log/outcome-store.ts';
import type { Stored } from './log/stored.ts';
import type { ServerName } from './protocol/identifiers.ts';
import { roomVersions } from './protocol/room-versions.ts';
import { signingKeyFromSeed } from './protocol/signing-keys.ts';
import { chainOf } from './role/explain-end.ts';
import { greeting } from './role/greeting.ts';
import { runProgram } from './role/process.ts';
import type { BuildHomeserver, Ground } from './role/serving.ts';
import { RoomEngine } from './rooms/engine.ts';
import { roomMemoryBytes } from './rooms/memory/memory-bytes.ts';
import { roomStore } from './storage/rooms/room-store.ts';
import { syncFeatures } from './sync/features.ts';

const ACCESS_TOKEN_LIFE_MS = 60 * 60_000;
const LAST_SEEN_EVERY_MS = 10_000;

/** Builds everything that a writer is: the one place where all parts meet. */
export const buildHomeserver: BuildHomeserver = async (ground) => {
  const { config, database, log, identity, logger } = ground;
  const serverName = identity.serverName as ServerName;
  const onError = (error: unknown) =>
    logger.error({ err: error }, 'work that nobody waits for failed');
  const stored: Stored = {
    ...{ database, lookUps: ground.lookUps, log },
    locks: new KeyedMutex(),
    now: Date.now,
  };

  const rateLimits = new RateLimits(ratesOf(config.rateLimits));
  const accounts = accountFeatures(stored, {
    serverName,
    secret: identity.secretFor('interactive auth'),
    accessTokenLifeMs: ACCESS_TOKEN_LIFE_MS,
    passwordCost: PASSWORD_COSTS[config.passwordCost],
    takePasswordTry: (who) => rateLimits.take('login', who),
  });
  const rooms = new RoomEngine({
    log,
    store: roomStore(database),
    identity: {
      serverName,
      key: signingKeyFromSeed(identity.signingKey.keyId, identity.signingKey.seed),
    },
    profileOf: async (userId) => (await accounts.profiles.of(userId)) ?? {},
    followRoom: (userId, move) => followRoom(accounts, userId, move),
    now: Date.now,
    defaultRoomVersion: config.defaultRoomVersion,
    memoryBytesMax: roomMemoryBytes(),
  });
  const sync = syncFeatures({
    ...ground,
    ...accounts,
    rooms,
    now: Date.now,
    onError,
    tellPresence: config.presence,
  });

  const handler = requestListener(clientApi, {
    ports: {
      ...accounts,
      ...encryptionFeatures(stored),
      ...sync,
      rooms,
      largeReads: new LargeReads(),
      rateLimits,
      registration: config.registration,
      publicUrl: ground.publicUrl,
      roomVersions: {
        default: config.defaultRoomVersion,
        available: Object.fromEntries(
          roomVersions().map((version) => [version, 'stable' as const]),
        ),
      },
    },
    authenticate: accounts.authenticate,
    interact: accounts.interact,
    rateLimits,
    outcomes: new OutcomeStore({
      database: ground.lookUps,
      seal: identity.sealFor('outcomes'),
      log,
    }),
    mayAnswer: () => log.mayAnswer(),
    logger,
    onAnswered: ground.metrics.answered,
    behindFront: ground.behindFront,
  });

  const writing = setInterval(
    () => void accounts.lastSeen.write().catch(onError),
    LAST_SEEN_EVERY_MS,
  );
  return {
    handler,
    greeting: await welcome(ground, accounts),
    async close() {
      clearInterval(writing);
      sync.close();
    },
  };
};

async function welcome(ground: Ground, features: ReturnType<typeof accountFeatures>) {
  const { config, publicUrl } = ground;
  const { accounts, registrationTokens } = features;
  const [known] = await registrationTokens.list();
  const token =
    config.registration === 'token' ? (known ?? (await registrationTokens.create())) : undefined;
  return greeting({
    config,
    publicUrl,
    registrationToken: token?.token,
    hasAccounts: await accounts.hasAny(),
  });
}

/** Errors in short: those of the driver carry the whole connection with them. */
const makeLogger = ({ logLevel }: Config) =>
  pino(
    {
      level: logLevel,
      serializers: { err: (error: unknown) => ({ said: chainOf(error), stack: stackOf(error) }) },
    },
    pino.destination({ dest: 2, sync: false }),
  );

/** Of a database that does not answer no line of ours is the cause. */
const stackOf = (error: unknown) =>
  error instanceof Error && !(error instanceof DatabaseUnavailable) ? error.stack : undefined;

if (import.meta.main) {
  const options = process.argv.slice(2);
  if (options.includes('--help')) {
    console.log(
      `Farol, a Matrix homeserver that stays up when the power goes.\n\n${optionsHelp()}`,
    );
  } else {
    // A terminal or pipe that has gone takes the words with it, not the server.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
    await runProgram({
      sources: { options, environment: process.env },
      build: buildHomeserver,
      makeLogger,
      say: (text) => process.stdout.write(`${text}\n`),
      complain: (text) => process.stderr.write(`${text}\n`),
      exit: (code) => process.exit(code),
    });
  }
}
