import { accountEndpoints } from './account/endpoints.ts';
import { accountDataEndpoints } from './account-data/endpoints.ts';
import { adminEndpoints } from './admin/endpoints.ts';
import { appServiceEndpoints } from './app-services/endpoints.ts';
import { callEndpoints } from './calls/endpoints.ts';
import { dehydratedDeviceEndpoints } from './dehydrated-device/endpoints.ts';
import { delayedEventEndpoints } from './delayed-events/endpoints.ts';
import { deviceEndpoints } from './devices/endpoints.ts';
import { discoveryEndpoints, wellKnownEndpoints } from './discovery/endpoints.ts';
import { eventEndpoints } from './events/endpoints.ts';
import { keyBackupEndpoints } from './key-backup/endpoints.ts';
import { keyEndpoints } from './keys/endpoints.ts';
import { authedMediaEndpoints, mediaEndpoints } from './media/endpoints.ts';
import { membershipEndpoints } from './membership/endpoints.ts';
import { openIdEndpoints } from './openid/endpoints.ts';
import { exchangeOpenIdToken } from './openid/exchange-open-id-token.ts';
import { profileEndpoints } from './profile/endpoints.ts';
import { pushRuleEndpoints } from './push-rules/endpoints.ts';
import { pusherEndpoints } from './pushers/endpoints.ts';
import { relationEndpoints } from './relations/endpoints.ts';
import { reportingEndpoints } from './reporting/endpoints.ts';
import { roomDirectoryEndpoints } from './room-directory/endpoints.ts';
import { roomEndpoints } from './rooms/endpoints.ts';
import { searchEndpoints } from './search/endpoints.ts';
import { sessionEndpoints } from './session/endpoints.ts';
import { syncEndpoints } from './sync/endpoints.ts';
import { thirdPartyEndpoints } from './third-party/endpoints.ts';
import { thirdPartyIdEndpoints } from './third-party-ids/endpoints.ts';
import { toDeviceEndpoints } from './to-device/endpoints.ts';

/** All of the client-server API that is served under its own prefix. */
export const clientApi = [
  ...discoveryEndpoints,
  ...sessionEndpoints,
  ...accountEndpoints,
  ...thirdPartyIdEndpoints,
  ...openIdEndpoints,
  ...deviceEndpoints,
  ...profileEndpoints,
  ...accountDataEndpoints,
  ...pushRuleEndpoints,
  ...pusherEndpoints,
  ...keyEndpoints,
  ...keyBackupEndpoints,
  ...dehydratedDeviceEndpoints,
  ...toDeviceEndpoints,
  ...roomEndpoints,
  ...roomDirectoryEndpoints,
  ...membershipEndpoints,
  ...eventEndpoints,
  ...delayedEventEndpoints,
  ...relationEndpoints,
  ...searchEndpoints,
  ...reportingEndpoints,
  ...syncEndpoints,
  ...callEndpoints,
  ...authedMediaEndpoints,
  ...thirdPartyEndpoints,
  ...appServiceEndpoints,
  ...adminEndpoints,
];

/** Of the client-server API, under a prefix of its own. */
export const contentRepository = mediaEndpoints;

export const wellKnown = wellKnownEndpoints;

/** Of the server-server API, and asked by services that are no servers. */
export const forServices = [exchangeOpenIdToken];
