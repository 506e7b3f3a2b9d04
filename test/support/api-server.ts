import type { RequestListener } from 'node:http';
import pino from 'pino';
import type { RegistrationMode } from '../../server/client-api/account/register.ts';
import type { RtcPorts } from '../../server/client-api/calls/get-rtc-transports.ts';
import type { TurnPorts } from '../../server/client-api/calls/get-turn-server.ts';
import type { SupportPorts } from '../../server/client-api/discovery/get-wellknown-support.ts';
import type { MediaOptions } from '../../server/client-api/media/media-options.ts';
import type { Timers } from '../../server/delayed-events/schedule.ts';
import type { EmailGround } from '../../server/feature-ground.ts';
import type { FederationSettings } from '../../server/federation/features.ts';
import { gateOf } from '../../server/gate.ts';
import type { HousePorts, PortOptions } from '../../server/house-ports.ts';
import { RateLimits, type Rates } from '../../server/http/rate-limits.ts';
import { requestListener, serve } from '../../server/http/serve.ts';
import type { SecretSource } from '../../server/identity/identity.ts';
import { sealFor } from '../../server/identity/sealed.ts';
import type { LdapSettings } from '../../server/ldap/ldap-directory.ts';
import { OutcomeStore, type Seal } from '../../server/log/outcome-store.ts';
import type { Writer } from '../../server/log/writer.ts';
import type { MediaGround } from '../../server/media/features.ts';
import type { QuotaBounds } from '../../server/media/quota.ts';
import { mountsOf } from '../../server/mounts.ts';
import type { AppService } from '../../server/protocol/app-service.ts';
import type { ServerName, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { RetentionBounds } from '../../server/protocol/retention.ts';
import type { SigningKey } from '../../server/protocol/signing-keys.ts';
import type { Terms } from '../../server/protocol/terms.ts';
import type { Rooms } from '../../server/rooms/rooms.ts';
import type { NoticeSettings } from '../../server/server-notices/server-notices.ts';
import type { ProviderSettings } from '../../server/sign-in/provider.ts';
import type { Database } from '../../server/storage/database.ts';
import type { RelationsReady } from '../../server/storage/rooms/room-store.ts';
import type { SearchLanguage } from '../../server/storage/search/search-languages.ts';
import { notingAnswers } from './answered-as-specified.ts';
import { buildHouse, housePorts, unchanging } from './house.ts';
import { UNLIMITED } from './open-gate.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { notingRepeats } from './repeats-told-alike.ts';

export interface ApiOptions extends Partial<RtcPorts & SupportPorts & Pick<TurnPorts, 'turn'>> {
  readonly registration?: RegistrationMode;
  readonly registrationSecret?: string;
  readonly appServices?: readonly AppService[];
  readonly serverName?: ServerName;
  readonly signingKey?: SigningKey;
  /** The signing key is kept in the database instead, and can be changed. */
  readonly sealedBy?: SecretSource;
  readonly federation?: FederationSettings;
  readonly serverNotices?: NoticeSettings;
  readonly retention?: RetentionBounds;
  readonly forgetOnLeave?: boolean;
  readonly policyServerKey?: string;
  /** Where `publicUrl` is https://matrix.example.org unless told. */
  readonly providers?: readonly ProviderSettings[];
  readonly signInClients?: readonly string[];
  readonly adminApi?: boolean;
  /** Only then e-mails are sent. */
  readonly email?: EmailGround;
  /** A directory beside. */
  readonly ldap?: LdapSettings;
  readonly guests?: boolean;
  readonly terms?: Terms;
  readonly rates?: Partial<Rates>;
  readonly publicUrl?: string;
  readonly behindFront?: boolean;
  readonly media?: Partial<MediaOptions & QuotaBounds>;
  readonly mediaCache?: MediaGround['mediaCache'];
  readonly urlPreviews?: MediaGround['urlPreviews'];
  readonly scanning?: MediaGround['scanning'];
  readonly objectStore?: MediaGround['objectStore'];
  /** Told of what nobody waits for. */
  readonly onError?: (error: unknown) => void;
  /** On the database of another server, which was stopped: a restart, or a failover. */
  readonly fresh?: FreshDatabase;
  /** Instead of what the room engine would do. */
  readonly rooms?: Partial<Rooms>;
  readonly relationsReady?: RelationsReady;
  /** Of delayed events, whose time a test lets pass. */
  readonly timers?: Timers;
  /** Only then what is said is found: other tests need no such follower. */
  readonly search?: readonly SearchLanguage[] | undefined;
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
  /** To be served elsewhere, too. */
  readonly listener: RequestListener;
  readonly fresh: FreshDatabase;
  readonly writer: Writer;
  readonly features: HousePorts;
  readonly clock: { ms: number };
  /** `PUT /devices/X`: below /_matrix/client/v3 unless the path begins with /_matrix or /.well-known. */
  ask(request: string, ask?: Ask): Promise<Reply>;
  /** A new account, logged in on a device of this name; its token is what comes back. */
  register(localpart: string, deviceId?: string, as?: { admin?: boolean }): Promise<string>;
}

const SIGN_IN = {
  publicUrl: 'https://matrix.example.org',
  seal: sealFor('sign-in', Buffer.alloc(32, 1)),
};

export const PASSWORD = 'correct horse battery staple';

/** The whole house over real HTTP, on the real log and a real database. */
export async function startApi(options: ApiOptions = {}): Promise<ApiServer> {
  const fresh = options.fresh ?? (await freshDatabase());
  const clock = { ms: 1_800_000_000_000 };
  const rateLimits = new RateLimits({ ...UNLIMITED, ...options.rates });
  const { reads, registrationSecret, relationsReady, rooms, timers, search, ...told } = options;
  const { appServices = [], serverName, signingKey, federation, serverNotices, retention } = told;
  const { writer, features } = await buildHouse(fresh, {
    ...(reads && { database: reads(fresh.database) }),
    now: () => clock.ms,
    ...(serverName && { serverName }),
    ...(told.sealedBy && { sealedBy: told.sealedBy }),
    ...(signingKey && { ownKeys: unchanging(signingKey) }),
    ...(federation && { federation }),
    ...{ forgetOnLeave: told.forgetOnLeave ?? false },
    ...{ serverNotices, retention, terms: told.terms, email: told.email, ldap: told.ldap },
    ...(told.providers && { signIn: { ...SIGN_IN, providers: told.providers } }),
    ...{ appServices, registrationSecret, rateLimits, ...(relationsReady && { relationsReady }) },
    ...(timers && { timers }),
    ...(search && { searchLanguages: search }),
    mediaQuota: { userBytesMax: 1e9, bytesMax: 1e9, ...told.media },
    ...(told.mediaCache && { mediaCache: told.mediaCache }),
    ...{ urlPreviews: told.urlPreviews, scanning: told.scanning },
    objectStore: told.objectStore,
    ...(told.onError && { onError: told.onError }),
  });
  if (search) await features.search.begin();
  features.mail?.outbox.begin();
  await features.federation.begin({
    noLongerTold: (roomId, nids) => features.rooms.ports.rooms.noLongerTold(roomId, nids),
    justCommitted: (position) => features.rooms.ports.rooms.justCommitted(position),
  });
  Object.assign(features.rooms.ports.rooms, rooms);
  const ports = housePorts(features, portOptions(options, { rateLimits, now: () => clock.ms }));
  const outcomes = await knownOutcomes(fresh, writer);
  const gate = gateOf(features, ports, {
    ...{ log: writer, outcomes },
    logger: pino({ level: 'silent' }),
    behindFront: options.behindFront ?? false,
  });
  const answers = notingAnswers<HousePorts>(
    mountsOf({ adminApi: told.adminApi ?? true, ...(federation && { federation }) }),
  );
  const apis = notingRepeats(answers.mounts);
  const server = await serve(apis.mounts, gate);
  features.federation.answers();
  const ask = askAt(server.origin);
  return {
    ...{
      origin: server.origin,
      listener: requestListener(apis.mounts, gate),
      fresh,
      writer,
      features: ports,
      clock,
      ask,
    },
    register: registerAt(ports),
    async [Symbol.asyncDispose]() {
      await features.close();
      await server[Symbol.asyncDispose]();
      await writer.close();
      if (!options.fresh) await fresh[Symbol.asyncDispose]();
      const [wrong] = apis.toldOtherwise;
      if (wrong) throw new Error(`A repeat of ${wrong} is told something else than the first time`);
      const [unspecified] = answers.otherwise;
      if (unspecified) throw new Error(`Answered otherwise than specified: ${unspecified}`);
    },
  };
}

const portOptions = (
  told: ApiOptions,
  { rateLimits, now }: Pick<PortOptions, 'rateLimits'> & { now: () => number },
): Partial<PortOptions> => ({
  ...{ rateLimits, registration: told.registration ?? 'open', publicUrl: told.publicUrl },
  guests: told.guests ?? false,
  ...{ forgetOnLeave: told.forgetOnLeave ?? false, policyServerKey: told.policyServerKey },
  signInClients: told.signInClients ?? [],
  terms: told.terms,
  mediaOptions: { uploadBytesMax: 50_000_000, withoutToken: false, ...told.media },
  ...{ turn: told.turn, livekitServiceUrls: told.livekitServiceUrls ?? [] },
  ...(told.support && { support: told.support }),
  now,
});

const registerAt =
  ({ accounts, registrations }: HousePorts): ApiServer['register'] =>
  async (localpart, deviceId, as = {}) => {
    const userId = `@${localpart}:${accounts.serverName}` as UserId;
    const session = { deviceId, refreshable: false };
    const wish = { ...as, userId, password: PASSWORD, session, registrationToken: undefined };
    const answer = await registrations.register(wish, { outcome: () => undefined });
    return answer.access_token as string;
  };

async function knownOutcomes({ database }: FreshDatabase, log: Writer): Promise<OutcomeStore> {
  const outcomes = new OutcomeStore({
    ...{ database, pages: database, log, seal: plain },
    onError: console.error,
  });
  await outcomes.begin();
  return outcomes;
}

const plain: Seal = { seal: (bytes) => bytes, open: (bytes) => bytes };

function askAt(origin: string): ApiServer['ask'] {
  return async (request, { token, body, headers = {} } = {}) => {
    const [method, path] = request.split(' ') as [string, string];
    const isWhole = path.startsWith('/_') || path.startsWith('/.well-known');
    const reply = await fetch(origin + (isWhole ? path : `/_matrix/client/v3${path}`), {
      method,
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: (await reply.json()) as JsonObject };
  };
}
