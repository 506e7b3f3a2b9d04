import type { Device } from '../../accounts/devices.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** The device as its own user sees it. What is not known is null: matrix-nio takes no list in which a field is missing. */
export const clientDevice = (device: Device): JsonObject => ({
  device_id: device.deviceId,
  display_name: device.displayName,
  last_seen_ts: device.lastSeenMs,
  last_seen_ip: device.lastSeenAddress,
});
