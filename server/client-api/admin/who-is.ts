import type { Device } from '../../accounts/devices.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** Of each device we know where it was used last. */
export const whoIs = (userId: UserId, devices: readonly Device[]): JsonObject => ({
  user_id: userId,
  devices: Object.fromEntries(devices.map((device) => [device.deviceId, seenOf(device)])),
});

const seenOf = ({ lastSeenMs, lastSeenAddress, lastSeenUserAgent }: Device): JsonObject => ({
  sessions: [
    {
      connections:
        lastSeenMs === null
          ? []
          : [
              {
                last_seen: lastSeenMs,
                ...(lastSeenAddress !== null && { ip: lastSeenAddress }),
                ...(lastSeenUserAgent !== null && { user_agent: lastSeenUserAgent }),
              },
            ],
    },
  ],
});
