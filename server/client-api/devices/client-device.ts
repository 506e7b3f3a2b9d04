import type { Device } from '../../accounts/devices.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** The device as its own user sees it. What is not known is left out. */
export const clientDevice = (device: Device): JsonObject => ({
  device_id: device.deviceId,
  ...(device.displayName !== null && { display_name: device.displayName }),
  ...(device.lastSeenMs !== null && { last_seen_ts: device.lastSeenMs }),
  ...(device.lastSeenAddress !== null && { last_seen_ip: device.lastSeenAddress }),
});
