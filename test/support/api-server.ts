import pino from 'pino';
import { type AccountFeatures, accountFeatures } from '../../server/accounts/features.ts';
import { accountEndpoints } from '../../server/client-api/account/endpoints.ts';
import type { RegistrationMode } from '../../server/client-api/account/register.ts';
import { accountDataEndpoints } from '../../server/client-api/account-data/endpoints.ts';
import { deviceEndpoints } from '../../server/client-api/devices/endpoints.ts';
import { discoveryEndpoints } from '../../server/client-api/discovery/endpoints.ts';
import { claimKeys } from '../../server/client-api/keys/claim-keys.ts';
import { getRoomKeysVersionCurrent } from '../../server/client-api/keys/get-room-keys-version-current.ts';
import { queryKeys } from '../../server/client-api/keys/query-keys.ts';
import { uploadCrossSigningKeys } from '../../server/client-api/keys/upload-cross-signing-keys.ts';
import { uploadCrossSigningSignatures } from '../../server/client-api/keys/upload-cross-signing-signatures.ts';
import { uploadKeys } from '../../server/client-api/keys/upload-keys.ts';
import { profileEndpoints } from '../../server/client-api/profile/endpoints.ts';
import { pushRuleEndpoints } from '../../server/client-api/push-rules/endpoints.ts';
import { pusherEndpoints } from '../../server/client-api/pushers/endpoints.ts';
import { sessionEndpoints } from '../../server/client-api/session/endpoints.ts';
import { thirdPartyEndpoints } from '../../server/client-api/third-party/endpoints.ts';
import { toDeviceEndpoints } from '../../server/client-api/to-device/endpoints.ts';
import { type EncryptionFeatures, encryptionFeatures } from '../../server/encryption/features.ts';
import type { Rates } from '../../server/http/rate-limits.ts';
import { RateLimits } from '../../server/http/rate-limits.ts';
import { serve } from '../../server/http/serve.ts';
import { KeyedMutex } from '../../server/log/keyed-mutex.ts';
import { OutcomeStore, type Seal } from '../../server/log/outcome-store.ts';
import type { Stored } from '../../server/log/stored.ts';
import type { Writer } from '../../server/log/writer.ts';
import type { ServerName, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Rooms } from '../../server/rooms/rooms.ts';
import type { Database } from '../../server/storage/database.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { startWriter } from './writer.ts';

export interface ApiOptions {
  readonly registration?: RegistrationMode;
  readonly rates?: Partial<Rates>;
  readonly publicUrl?: string;
  readonly behindFront?: boolean;
  /** On the database of another server, which was stopped: a restart, or a failover. */
  readonly fresh?: FreshDatabase;
  readonly rooms?: Partial<Rooms>;
  /** What the features read through, to stand between a query and its answer. */
  readonly reads?: (database: Database) => Database;
}

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there.
  readonly body: any;
}

export interface Ask {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface ApiServer extends AsyncDisposable {
  readonly origin: string;
  readonly fresh: FreshDatabase;
  readonly writer: Writer;
  readonly features: AccountFeatures;
  readonly encryption: EncryptionFeatures;
  readonly clock: { ms: number };
  /** `PUT /devices/X`: below /_matrix/client/v3 unless the path begins with /_matrix or /.well-known. */
  ask(request: string, ask?: Ask): Promise<Reply>;
  /** A new account, logged in on a device of this name; its token is what comes back. */
  register(localpart: string, deviceId?: string): Promise<string>;
}

export const PASSWORD = 'correct horse battery staple';

const endpoints = [
  ...discoveryEndpoints,
  ...sessionEndpoints,
  ...accountEndpoints,
  ...deviceEndpoints,
  ...profileEndpoints,
  ...accountDataEndpoints,
  ...pushRuleEndpoints,
  ...pusherEndpoints,
  ...toDeviceEndpoints,
  ...thirdPartyEndpoints,
  ...[uploadKeys, queryKeys, claimKeys, getRoomKeysVersionCurrent],
  ...[uploadCrossSigningKeys, uploadCrossSigningSignatures],
];

/** Accounts and encryption over real HTTP, on the real log and a real database. Without rooms. */
export async function startApi(options: ApiOptions = {}): Promise<ApiServer> {
  const fresh = options.fresh ?? (await freshDatabase());
  const writer = await startWriter(fresh.url);
  const clock = { ms: 1_800_000_000_000 };
  const stored: Stored = {
    database: options.reads?.(fresh.database) ?? fresh.database,
    lookUps: fresh.database,
    log: writer,
    locks: new KeyedMutex(),
    now: () => clock.ms,
  };
  const rateLimits = new RateLimits({ ...UNLIMITED, ...options.rates });
  const features = accountFeatures(stored, {
    serverName: 'example.org' as ServerName,
    secret: Buffer.alloc(32, 1),
    accessTokenLifeMs: 300_000,
    passwordCost: { memoryKib: 8, passes: 1, parallelism: 1 },
    takePasswordTry: (who) => rateLimits.take('login', who),
  });
  const encryption = encryptionFeatures(stored);
  const server = await serve(endpoints, {
    ports: {
      ...features,
      ...encryption,
      rateLimits,
      registration: options.registration ?? 'open',
      publicUrl: options.publicUrl,
      roomVersions: { default: '12', available: { 12: 'stable' as const } },
      rooms: { ...noRooms, ...options.rooms },
    },
    authenticate: features.authenticate,
    interact: features.interact,
    rateLimits,
    outcomes: new OutcomeStore({ database: fresh.database, seal: plain, log: writer }),
    mayAnswer: () => writer.mayAnswer(),
    logger: pino({ level: 'silent' }),
    behindFront: options.behindFront ?? false,
  });
  const ask = askAt(server.origin);
  return {
    ...{ origin: server.origin, fresh, writer, features, encryption, clock, ask },
    async register(localpart, deviceId) {
      const userId = `@${localpart}:example.org` as UserId;
      const session = { deviceId, refreshable: false };
      const wish = { userId, password: PASSWORD, session, registrationToken: undefined };
      const answer = await features.accounts.register(wish, { outcome: () => undefined });
      return answer.access_token as string;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await writer.close();
      if (!options.fresh) await fresh[Symbol.asyncDispose]();
    },
  };
}

const UNLIMITED: Rates = {
  read: 'unlimited',
  write: 'unlimited',
  login: 'unlimited',
  sync: 'unlimited',
  wholeSync: 'unlimited',
  registration: 'unlimited',
};

const plain: Seal = { seal: (bytes) => bytes, open: (bytes) => bytes };

const noRooms: Pick<Rooms, 'spreadProfile' | 'roomsOf' | 'changeMembership'> = {
  spreadProfile: async () => {},
  roomsOf: async () => new Map(),
  changeMembership: () => Promise.reject(new Error('There are no rooms here')),
};

function askAt(origin: string): ApiServer['ask'] {
  return async (request, { token, body, headers = {} } = {}) => {
    const [method, path] = request.split(' ') as [string, string];
    const isWhole = path.startsWith('/_matrix') || path.startsWith('/.well-known');
    const reply = await fetch(origin + (isWhole ? path : `/_matrix/client/v3${path}`), {
      method,
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: (await reply.json()) as JsonObject };
  };
}
