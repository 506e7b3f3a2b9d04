import packageJson from '../package.json' with { type: 'json' };
import type { RegistrationMode } from './client-api/account/register.ts';
import type { RtcPorts } from './client-api/calls/get-rtc-transports.ts';
import type { TurnPorts } from './client-api/calls/get-turn-server.ts';
import type { ForgetPorts } from './client-api/discovery/get-capabilities.ts';
import type { PolicyServerPorts } from './client-api/discovery/get-wellknown-policy.ts';
import type { SupportPorts } from './client-api/discovery/get-wellknown-support.ts';
import { LargeReads } from './client-api/events/large-reads.ts';
import type { MediaOptions } from './client-api/media/media-options.ts';
import { MemberTexts } from './client-api/membership/member-texts.ts';
import type { Features } from './features.ts';
import { joinPorts } from './http/join-ports.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { roomVersions } from './protocol/room-versions.ts';
import type { Terms } from './protocol/terms.ts';

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
    ownKeys: features.ownKeys,
    serverNotices: features.serverNotices,
    programVersion: packageJson.version,
    largeReads: new LargeReads(),
    memberTexts: new MemberTexts(),
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
