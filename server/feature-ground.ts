import { PASSWORD_COSTS, type PasswordCost } from './accounts/password-hash.ts';
import { federationOf } from './config/federation.ts';
import { mediaCacheOf } from './config/media.ts';
import { noticesOf } from './config/notices.ts';
import { previewsOf } from './config/previews.ts';
import { retentionOf } from './config/retention.ts';
import { scanningOf } from './config/scanning.ts';
import { termsOf } from './config/terms.ts';
import type { DelayedEventPorts } from './delayed-events/delayed-events.ts';
import { realTimers } from './delayed-events/schedule.ts';
import type { FederationSettings } from './federation/features.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { type ChangeableKeys, ownKeysOf } from './identity/own-keys.ts';
import type { LdapSettings } from './ldap/ldap-directory.ts';
import { BulkLane } from './log/bulk.ts';
import type { EpochHistory } from './log/epochs.ts';
import { KeyedMutex } from './log/keyed-mutex.ts';
import type { Log } from './log/log.ts';
import type { Stored } from './log/stored.ts';
import type { MailSettings } from './mail/features.ts';
import { LETTERS } from './mail/letters.ts';
import type { Fate } from './mail/outbox.ts';
import type { MediaGround } from './media/features.ts';
import type { QuotaBounds } from './media/quota.ts';
import type { AppService } from './protocol/app-service.ts';
import type { ServerName } from './protocol/identifiers.ts';
import type { RetentionBounds } from './protocol/retention.ts';
import type { Terms } from './protocol/terms.ts';
import type { Ground } from './role/serving.ts';
import { roomMemoryBytes } from './rooms/memory/memory-bytes.ts';
import type { RoomPorts } from './rooms/ports.ts';
import type { NoticeSettings } from './server-notices/server-notices.ts';
import type { SignInGround } from './sign-in/features.ts';
import type { ByteReader } from './storage/database.ts';
import type { RelationsReady } from './storage/rooms/room-store.ts';
import type { SearchLanguage } from './storage/search/search-languages.ts';

/** What the features are built on. */
export interface FeatureGround {
  readonly stored: Stored & { readonly log: Log };
  /** Where `stored.database` is. */
  readonly databaseUrl: string;
  /** In which words are found. */
  readonly searchLanguages: readonly SearchLanguage[];
  readonly epochs: EpochHistory;
  readonly serverName: ServerName;
  readonly ownKeys: ChangeableKeys;
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

const ACCESS_TOKEN_LIFE_MS = 60 * 60_000;

/** By what the operator wants. */
export function featureGround(ground: Ground, rateLimits: RateLimits): FeatureGround {
  const { config, database, lookUps, bulk, log, epochs, identity, logger, relationsReady } = ground;
  return {
    stored: { database, lookUps, log, locks: new KeyedMutex(), now: Date.now },
    databaseUrl: database.url,
    searchLanguages: config.searchLanguages,
    ...{ epochs, relationsReady },
    serverName: identity.serverName as ServerName,
    ownKeys: ownKeysOf(identity),
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
