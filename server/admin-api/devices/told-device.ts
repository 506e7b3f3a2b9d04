import type { Device } from '../../accounts/devices.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

export const toldDevice = (userId: UserId, device: Device): JsonObject => ({
  ...{ user_id: userId, device_id: device.deviceId, display_name: device.displayName },
  ...{ last_seen_ip: device.lastSeenAddress, last_seen_ts: device.lastSeenMs },
  last_seen_user_agent: device.lastSeenUserAgent,
});
