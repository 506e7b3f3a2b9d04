import { PASSWORD_COSTS } from '../../server/accounts/password-hash.ts';
import { realTimers } from '../../server/delayed-events/schedule.ts';
import type { FeatureGround } from '../../server/feature-ground.ts';
import { buildFeatures, type Features } from '../../server/features.ts';
import { type HousePorts, type PortOptions, portsOf } from '../../server/house-ports.ts';
import { openOrMakeIdentity, type SecretSource } from '../../server/identity/identity.ts';
import { ownKeysOf } from '../../server/identity/own-keys.ts';
import { sealFor } from '../../server/identity/sealed.ts';
import { BulkLane } from '../../server/log/bulk.ts';
import { EpochHistory } from '../../server/log/epochs.ts';
import { KeyedMutex } from '../../server/log/keyed-mutex.ts';
import type { Writer } from '../../server/log/writer.ts';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import { DEFAULT_ROOM_VERSION } from '../../server/protocol/room-versions.ts';
import { type SigningKey, signingKeyFromSeed } from '../../server/protocol/signing-keys.ts';
import type { Database } from '../../server/storage/database.ts';
import { unlimited } from './open-gate.ts';
import type { FreshDatabase } from './postgres.ts';
import { startWriter } from './writer.ts';

export interface HouseOptions extends Partial<Omit<FeatureGround, 'stored' | 'epochs'>> {
  /** What the features read through, to stand between a query and its answer. */
  readonly database?: Database;
  readonly now?: () => number;
  /** With which the identity is opened, or made: else its key is the same in each test, and cannot be changed. */
  readonly sealedBy?: SecretSource;
}

export interface House {
  readonly writer: Writer;
  readonly features: Features;
}

/** All features of the server, on the real log and a real database; what a test must have under them is given. */
export async function buildHouse(fresh: FreshDatabase, options: HouseOptions = {}): Promise<House> {
  const { database = fresh.database, now = Date.now, sealedBy, ...instead } = options;
  const writer = await startWriter(fresh.url);
  const identity = sealedBy && {
    ownKeys: await keptKeys(instead, {
      database: fresh.database,
      log: writer,
      secret: sealedBy,
      now,
    }),
  };
  const features = await buildFeatures({
    stored: { database, lookUps: fresh.database, log: writer, locks: new KeyedMutex(), now },
    epochs: await EpochHistory.load(fresh.database, writer),
    ...GROUND,
    databaseUrl: fresh.url,
    lane: new BulkLane({ database: fresh.database, log: writer }),
    pieces: fresh.database,
    ...instead,
    ...identity,
  });
  await features.appServices.ports.appServices.begin();
  await features.serverNotices.begin();
  await features.delayedEvents.begin();
  await features.rooms.begin();
  return { writer, features };
}

/** What endpoints may ask for of it. */
export const housePorts = (features: Features, options: Partial<PortOptions> = {}): HousePorts =>
  portsOf(features, {
    rateLimits: GROUND.rateLimits,
    registration: 'open',
    publicUrl: undefined,
    guests: false,
    terms: undefined,
    turn: undefined,
    livekitServiceUrls: [],
    support: { page: undefined, contacts: [] },
    ...{ forgetOnLeave: false, policyServerKey: undefined, signInClients: [] },
    now: Date.now,
    defaultRoomVersion: GROUND.defaultRoomVersion,
    mediaOptions: { uploadBytesMax: 50_000_000, withoutToken: false },
    ...options,
  });

/** A secret file's. */
export const aSecret: SecretSource = {
  existing: () => [Buffer.alloc(32, 3)],
  forNewIdentity: () => Buffer.alloc(32, 3),
};

export const signingKey = signingKeyFromSeed('ed25519:test', Buffer.alloc(32, 7));

const keptKeys = async (
  { serverName = GROUND.serverName }: Partial<FeatureGround>,
  options: Omit<Parameters<typeof openOrMakeIdentity>[0], 'serverName'>,
) => ownKeysOf(await openOrMakeIdentity({ serverName, ...options }));

/** Of a server whose key is never changed. */
export const unchanging = (current: SigningKey): FeatureGround['ownKeys'] => ({
  ...{ current, old: [] },
  change: () => Promise.reject(new Error('this test has no identity to change')),
});

const GROUND = {
  serverName: 'example.org' as ServerName,
  ownKeys: unchanging(signingKey),
  secret: Buffer.alloc(32, 1),
  accessTokenLifeMs: 300_000,
  passwordCost: PASSWORD_COSTS['for-tests'],
  rateLimits: unlimited,
  registrationSecret: undefined,
  appServices: [],
  federation: { enabled: false, peers: new Map(), deny: [], allowNetworks: [] },
  defaultRoomVersion: DEFAULT_ROOM_VERSION,
  roomMemoryBytesMax: 100_000_000,
  mediaKeptDays: undefined,
  urlPreviews: undefined,
  scanning: undefined,
  objectStore: undefined,
  previewSecret: Buffer.alloc(32, 2),
  signIn: {
    ...{ providers: [], publicUrl: 'https://matrix.example.org' },
    seal: sealFor('sign-in', Buffer.alloc(32, 1)),
  },
  tellPresence: true,
  mediaQuota: { userBytesMax: 1_000_000_000, bytesMax: 1_000_000_000 },
  // Where nobody can keep anything.
  mediaCache: { folder: '/dev/null/media-cache', bytesMax: 0 },
  timers: realTimers,
  searchLanguages: ['simple'] as const,
  relationsReady: async () => {},
  onError: console.error,
};
