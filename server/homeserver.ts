import packageJson from '../package.json' with { type: 'json' };
import type { Accounts } from './accounts/accounts.ts';
import { accountFeatures } from './accounts/features.ts';
import { followRoom } from './accounts/follow-room.ts';
import { ignoredBy } from './accounts/ignored-users.ts';
import { blockingInvites } from './accounts/invite-permission.ts';
import { PASSWORD_COSTS, type PasswordCost } from './accounts/password-hash.ts';
import { validationLink } from './accounts/validation-token.ts';
import { whyNotActive } from './accounts/why-not-active.ts';
import { appServiceFeatures } from './app-services/features.ts';
import type { RegistrationMode } from './client-api/account/register.ts';
import type { RtcPorts } from './client-api/calls/get-rtc-transports.ts';
import type { TurnPorts } from './client-api/calls/get-turn-server.ts';
import type { ForgetPorts } from './client-api/discovery/get-capabilities.ts';
import type { PolicyServerPorts } from './client-api/discovery/get-wellknown-policy.ts';
import type { SupportPorts } from './client-api/discovery/get-wellknown-support.ts';
import { LargeReads } from './client-api/events/large-reads.ts';
import { sendDraft } from './client-api/events/send-draft.ts';
import type { MediaOptions } from './client-api/media/media-options.ts';
import { federationOf } from './config/federation.ts';
import { mediaCacheOf } from './config/media.ts';
import { noticesOf } from './config/notices.ts';
import { previewsOf } from './config/previews.ts';
import { ratesOf } from './config/rates.ts';
import { retentionOf } from './config/retention.ts';
import { scanningOf } from './config/scanning.ts';
import { servicesOf } from './config/services.ts';
import { termsOf } from './config/terms.ts';
import type { DelayedEventPorts } from './delayed-events/delayed-events.ts';
import { delayedEventFeatures } from './delayed-events/features.ts';
import { realTimers } from './delayed-events/schedule.ts';
import { encryptionFeatures } from './encryption/features.ts';
import { type FederationSettings, federationFeatures } from './federation/features.ts';
import type { Gate } from './http/gate.ts';
import { joinPorts } from './http/join-ports.ts';
import type { Mount } from './http/mount.ts';
import { RateLimits } from './http/rate-limits.ts';
import { requestListener } from './http/serve.ts';
import { ldapDirectory } from './ldap/features.ts';
import type { LdapSettings } from './ldap/ldap-directory.ts';
import { BulkLane } from './log/bulk.ts';
import type { EpochHistory } from './log/epochs.ts';
import { KeyedMutex } from './log/keyed-mutex.ts';
import type { Log } from './log/log.ts';
import { OutcomeStore, type Seal } from './log/outcome-store.ts';
import type { Stored } from './log/stored.ts';
import { type MailSettings, mailFeatures } from './mail/features.ts';
import { LETTERS } from './mail/letters.ts';
import type { Fate } from './mail/outbox.ts';
import { type MediaGround, mediaFeatures } from './media/features.ts';
import type { QuotaBounds } from './media/quota.ts';
import { mountsOf } from './mounts.ts';
import { orderFeatures } from './orders/features.ts';
import type { AppService } from './protocol/app-service.ts';
import type { EventId, RoomId, ServerName, UserId } from './protocol/identifiers.ts';
import type { RetentionBounds } from './protocol/retention.ts';
import { roomVersions } from './protocol/room-versions.ts';
import { type SigningKey, signingKeyFromSeed } from './protocol/signing-keys.ts';
import type { Terms } from './protocol/terms.ts';
import { Retention } from './retention/retention.ts';
import { greeting } from './role/greeting.ts';
import type { BuildHomeserver, Ground, Homeserver } from './role/serving.ts';
import type { Draft, Origin } from './rooms/draft.ts';
import { roomFeatures } from './rooms/features.ts';
import { roomMemoryBytes } from './rooms/memory/memory-bytes.ts';
import type { RoomPorts } from './rooms/ports.ts';
import { RoomList } from './rooms/read/room-list.ts';
import type { Rooms } from './rooms/rooms.ts';
import { searchFeatures } from './search/features.ts';
import { type NoticeSettings, ServerNotices } from './server-notices/server-notices.ts';
import { type SignInGround, signInFeatures } from './sign-in/features.ts';
import type { ByteReader } from './storage/database.ts';
import { type RelationsReady, roomStore } from './storage/rooms/room-store.ts';
import type { SearchLanguage } from './storage/search/search-languages.ts';
import { syncFeatures } from './sync/features.ts';
import { transactionFeatures } from './transactions/features.ts';

const ACCESS_TOKEN_LIFE_MS = 60 * 60_000;

/** Builds everything that a writer is: the one place where all parts meet. */
export const buildHomeserver: BuildHomeserver = (ground) =>
  buildServing(mountsOf(ground.config), ground);

export async function buildServing(
  mounts: readonly Mount<HousePorts>[],
  ground: Ground,
): Promise<Homeserver> {
  const { config, log, lookUps, identity, logger, behindFront, publicUrl } = ground;
  const rateLimits = new RateLimits(ratesOf(config.rateLimits));
  const features = await buildFeatures(featureGround(ground, rateLimits));
  await features.appServices.ports.appServices.begin();
  await features.serverNotices.begin();
  await features.delayedEvents.begin();
  await features.search.begin();
  features.mail?.outbox.begin();
  await features.federation.begin({
    noLongerTold: (roomId, nids) => features.rooms.ports.rooms.noLongerTold(roomId, nids),
  });
  features.retention?.begin();
  const ports = portsOf(features, {
    ...config,
    mediaOptions: config.media,
    terms: termsOf(config.terms),
    ...servicesOf(config),
    policyServerKey: config.policyServerKey,
    signInClients: config.signIn.clients,
    rateLimits,
    publicUrl,
    now: Date.now,
  });
  const gate = gateOf(features, ports, {
    ...{ log, lookUps, logger, behindFront },
    seal: identity.sealFor('outcomes'),
    onAnswered: ground.metrics.answered,
  });
  return {
    handler: requestListener(mounts, gate),
    greeting: await welcome(ground, features.accounts.ports),
    close: async () => features.close(),
  };
}

/** What the features are built on. */
export interface FeatureGround {
  readonly stored: Stored & { readonly log: Log };
  /** Where `stored.database` is. */
  readonly databaseUrl: string;
  /** In which words are found. */
  readonly searchLanguages: readonly SearchLanguage[];
  readonly epochs: EpochHistory;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  /** Of the cluster, for interactive auth. */
  readonly secret: Buffer;
  readonly accessTokenLifeMs: number;
  readonly passwordCost: PasswordCost;
  readonly rateLimits: RateLimits;
  readonly registrationSecret: string | undefined;
  readonly appServices: readonly AppService[];
  readonly federation: FederationSettings;
  readonly serverNotices?: NoticeSettings | undefined;
  /** Undefined where no e-mails are sent. */
  readonly email?: EmailGround | undefined;
  /** Undefined where people are known here alone. */
  readonly ldap?: LdapSettings | undefined;
  readonly terms?: Terms | undefined;
  /** Undefined where everything is kept. */
  readonly retention?: RetentionBounds | undefined;
  readonly forgetOnLeave?: boolean;
  /** By which other servers people sign in. */
  readonly signIn: Omit<SignInGround, 'accounts' | 'registrations' | 'devices'>;
  readonly defaultRoomVersion: string;
  readonly roomMemoryBytesMax: number;
  readonly relationsReady: RelationsReady;
  /** What the rooms rest on instead of the other features: a test's own profiles, clock and bounds. */
  readonly underRooms?: Partial<RoomPorts>;
  readonly tellPresence: boolean;
  /** For what is staged beside the log. */
  readonly lane: BulkLane;
  /** For the bytes of files. */
  readonly pieces: ByteReader;
  readonly mediaQuota: QuotaBounds;
  readonly mediaCache: MediaGround['mediaCache'];
  readonly mediaKeptDays: number | undefined;
  readonly urlPreviews: MediaGround['urlPreviews'];
  readonly scanning: MediaGround['scanning'];
  readonly objectStore: MediaGround['objectStore'];
  readonly previewSecret: Buffer;
  /** Of delayed events. */
  readonly timers: DelayedEventPorts['timers'];
  /** Of work that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** What is written to people, and where their links lead. */
export interface EmailGround extends MailSettings {
  readonly publicUrl: string;
  readonly nextLinkHosts: readonly string[];
  readonly isRequired: boolean;
  readonly onFate?: (fate: Fate) => void;
}

export type Features = Awaited<ReturnType<typeof buildFeatures>>;

/** All that this server can do, put together. What listens to the log hears of it in this order. */
export async function buildFeatures(ground: FeatureGround) {
  const { stored, rateLimits } = ground;
  const { mail, email } = mailOf(ground);
  const directory = ground.ldap && ldapDirectory(ground.ldap, ground.onError);
  const accounts = accountFeatures(stored, {
    ...{ ...ground, email, directory },
    issuers: ground.signIn.providers.map(({ issuer }) => issuer),
    tryLimits: loginTries(rateLimits),
  });
  await accounts.ports.passwordTries.restore();
  const appServices = appServiceFeatures(stored, {
    ...accounts.ports,
    appServices: ground.appServices,
  });
  const federation = federationFeatures(stored, ground);
  const encryption = encryptionFeatures(stored, {
    devices: accounts.ports.devices,
    reaches: (server) => federation.reaches(server),
    askForKeys: (server, request) => federation.askForKeys(server, request),
  });
  const rooms = roomFeatures({
    ...federation.underRooms(ground.lane),
    ...underRooms(ground, accounts.ports),
  });
  const beside = { ...stored, ...accounts.ports, ...rooms.ports };
  const sync = syncFeatures({ ...federation.tells, ...ground, ...beside });
  const delayedEvents = delayedEventFeatures({
    ...stored,
    ...asIfSentNow(accounts.ports.accounts, rooms.ports.rooms),
    timers: ground.timers,
    takeSend: async (userId) =>
      rateLimits.take('write', userId, await accounts.ports.ownRates.rateOf(userId)),
    onError: ground.onError,
  });
  const shared = { ...rooms.ports, ...sync.ports, ...encryption.ports };
  const transactions = transactionFeatures(stored, { ...shared, onError: ground.onError });
  const orders = orderFeatures(stored, { ...rooms.ports, onError: ground.onError });
  const search = searchFeatures({
    ...stored,
    ...{ databaseUrl: ground.databaseUrl, languages: ground.searchLanguages },
    rooms: rooms.ports.rooms,
    ignoredBy: (userId) => ignoredBy(accounts.ports.accountData, userId),
    onError: ground.onError,
  });
  const media = mediaFeatures(stored, { ...ground, fetchRemote: federation.fetchFile });
  const signIn = signInFeatures(stored, { ...ground.signIn, ...accounts.ports });
  const { retention: bounds } = ground;
  const retention = bounds && new Retention({ ...stored, bounds, onError: ground.onError });
  const features = {
    ...{ accounts, appServices, encryption, rooms },
    ...{ sync, delayedEvents, orders, search, federation, transactions, media, signIn },
    ...(mail && { mail }),
  };
  return {
    ...features,
    roomList: new RoomList(stored.database),
    retention,
    serverNotices: new ServerNotices(ground.serverNotices, { ...accounts.ports, ...rooms.ports }),
    /** Ends long polls and timers, and what is done in the background. */
    async close() {
      retention?.close();
      await Promise.all(
        Object.values(features)
          .reverse()
          .map((feature) => feature.close()),
      );
    },
  };
}

/** What the rooms rest on. */
const underRooms = (ground: FeatureGround, accounts: AccountPorts): RoomPorts => ({
  log: ground.stored.log,
  store: roomStore(ground.stored.database, ground.relationsReady),
  identity: { serverName: ground.serverName, key: ground.signingKey },
  profileOf: async (userId) => (await accounts.profiles.soonOf(userId)) ?? {},
  erased: accounts.erasures,
  ignoredBy: (userId) => ignoredBy(accounts.accountData, userId),
  blockingInvites: (userIds) => blockingInvites(accounts.accountData, userIds),
  noticesFrom: ground.serverNotices?.userId,
  retention: ground.retention,
  forgetOnLeave: ground.forgetOnLeave,
  followRoom: (userId, move) => followRoom(accounts, userId, move),
  now: ground.stored.now,
  defaultRoomVersion: ground.defaultRoomVersion,
  memoryBytesMax: ground.roomMemoryBytesMax,
  onError: ground.onError,
  ...ground.underRooms,
});

/** The way out, and what the accounts may have of it. */
function mailOf({ stored, email, serverName, secret, onError }: FeatureGround) {
  if (email === undefined) return { mail: undefined, email: undefined };
  const { nextLinkHosts, isRequired, publicUrl, onFate } = email;
  const linkOf = (sid: string) => validationLink(publicUrl, sid, secret);
  const mail = mailFeatures(stored, email, { serverName, linkOf, onError, onFate });
  return { mail, email: { post: mail.post, nextLinkHosts, isRequired } };
}

const loginTries = (rateLimits: RateLimits) => ({
  take: (who: string) => rateLimits.take('login', who),
  owedMs: (who: string) => rateLimits.owedMs('login', who),
  owe: (who: string, ms: number) => rateLimits.owe('login', who, ms),
});

/** Who sends later is bound by what binds those who send now. */
const asIfSentNow = (accounts: Accounts, rooms: Rooms) => ({
  isRoom: async (roomId: RoomId) => (await rooms.isPublished(roomId)) !== undefined,
  mayNotAct: async (userId: UserId) => whyNotActive(await accounts.get(userId)),
  send: (roomId: RoomId, draft: Draft, origin: Origin<EventId>) =>
    sendDraft({ accounts, rooms }, roomId, draft, origin),
});

export interface PortOptions
  extends RtcPorts,
    SupportPorts,
    TurnPorts,
    ForgetPorts,
    PolicyServerPorts {
  readonly rateLimits: RateLimits;
  readonly registration: RegistrationMode;
  readonly guests: boolean;
  readonly terms: Terms | undefined;
  readonly publicUrl: string | undefined;
  readonly defaultRoomVersion: string;
  readonly mediaOptions: MediaOptions;
  readonly signInClients: readonly string[];
}

/** What endpoints may ask for, by name. */
export function portsOf(features: Features, options: PortOptions) {
  const { accounts, appServices, encryption, federation, rooms } = features;
  const { sync, delayedEvents, orders, search, media } = features;
  const { rateLimits, registration, guests, terms, publicUrl, now, defaultRoomVersion } = options;
  const { turn, livekitServiceUrls, support, mediaOptions } = options;
  const { forgetOnLeave, policyServerKey, signInClients } = options;
  const stable = roomVersions().map((version) => [version, 'stable' as const]);
  const own = {
    ...{ rateLimits, registration, guests, terms, publicUrl, now },
    ...{ turn, livekitServiceUrls, support, forgetOnLeave, policyServerKey, signInClients },
    mediaOptions,
    roomList: features.roomList,
    serverNotices: features.serverNotices,
    programVersion: packageJson.version,
    largeReads: new LargeReads(),
    roomVersions: { default: defaultRoomVersion, available: Object.fromEntries(stable) },
  };
  return joinPorts(
    accounts.ports,
    appServices.ports,
    encryption.ports,
    federation.ports,
    rooms.ports,
    sync.ports,
    delayedEvents.ports,
    orders.ports,
    search.ports,
    media.ports,
    features.transactions.ports,
    features.signIn.ports,
    own,
  );
}

export type HousePorts = ReturnType<typeof portsOf>;

export interface GateOptions
  extends Pick<Gate<HousePorts>, 'logger' | 'onAnswered' | 'behindFront'> {
  readonly log: Log;
  readonly lookUps: Stored['lookUps'];
  /** Hides the outcomes that hold tokens. */
  readonly seal: Seal;
}

/** What stands between a request and its endpoint. */
export function gateOf(
  { accounts }: Features,
  ports: HousePorts,
  { log, lookUps, seal, ...options }: GateOptions,
): Gate<HousePorts> {
  return {
    ...options,
    ports,
    authenticate: accounts.authenticate,
    appServices: ports.appServices,
    servers: ports.serverRequests,
    interact: accounts.interact,
    rateLimits: ports.rateLimits,
    outcomes: new OutcomeStore({ database: lookUps, seal, log }),
    mayAnswer: () => log.mayAnswer(),
  };
}

function featureGround(ground: Ground, rateLimits: RateLimits): FeatureGround {
  const { config, database, lookUps, bulk, log, epochs, identity, logger, relationsReady } = ground;
  const { keyId, seed } = identity.signingKey;
  return {
    stored: { database, lookUps, log, locks: new KeyedMutex(), now: Date.now },
    databaseUrl: database.url,
    searchLanguages: config.searchLanguages,
    ...{ epochs, relationsReady },
    serverName: identity.serverName as ServerName,
    signingKey: signingKeyFromSeed(keyId, seed),
    secret: identity.secretFor('interactive auth'),
    accessTokenLifeMs: ACCESS_TOKEN_LIFE_MS,
    passwordCost: PASSWORD_COSTS[config.passwordCost],
    registrationSecret: config.registrationSharedSecret,
    appServices: config.appServices,
    terms: termsOf(config.terms),
    federation: federationOf(config),
    retention: retentionOf(config.retention),
    forgetOnLeave: config.forgetOnLeave,
    signIn: {
      ...{ providers: config.signIn.providers, publicUrl: ground.publicUrl },
      seal: identity.sealFor('sign-in'),
    },
    serverNotices: noticesOf(config.serverNotices, identity.serverName),
    email: emailGround(ground),
    ldap: config.ldap,
    rateLimits,
    defaultRoomVersion: config.defaultRoomVersion,
    roomMemoryBytesMax: roomMemoryBytes(),
    tellPresence: config.presence,
    lane: new BulkLane({ database: bulk, log }),
    pieces: database,
    mediaQuota: config.media,
    mediaCache: mediaCacheOf(config),
    mediaKeptDays: config.media.keptDays,
    urlPreviews: previewsOf(config),
    scanning: scanningOf(config),
    objectStore: config.s3,
    previewSecret: identity.secretFor('pictures of previews'),
    timers: realTimers,
    onError: (error) => logger.error({ err: error }, 'work that nobody waits for failed'),
  };
}

function emailGround({ config, publicUrl, metrics }: Ground): EmailGround | undefined {
  if (config.email === undefined) return undefined;
  const { language, letters, ...email } = config.email;
  return {
    ...email,
    letters: { ...LETTERS[language], ...letters },
    publicUrl,
    onFate: metrics.mail,
  };
}

async function welcome(ground: Ground, { accounts, registrationTokens }: AccountPorts) {
  const { config, publicUrl } = ground;
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

type AccountPorts = Features['accounts']['ports'];
