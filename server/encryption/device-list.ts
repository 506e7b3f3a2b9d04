import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Database } from '../storage/database.ts';
import { deviceListPosition } from '../storage/encryption/device-lists.ts';
import type { PublishedKeys } from './published-keys.ts';

/**
 * A user's devices as other servers keep them, as JSON. `stream_id` is read first: what changes while
 * the keys are read is told by the next one, once more rather than not at all.
 */
export async function deviceListOf(
  parts: { readonly published: PublishedKeys; readonly database: Database },
  userId: UserId,
): Promise<string> {
  const position = await deviceListPosition(parts.database, userId);
  const { devices, crossSigning } = (await parts.published.of([userId])).get(userId)!;
  const told = [...devices].map(([deviceId, json]) => deviceText(deviceId, json));
  const { master, self_signing } = crossSigning;
  return [
    `{"user_id":${JSON.stringify(userId)},"stream_id":${position},"devices":[${told.join()}]`,
    ...(master === undefined ? [] : [`"master_key":${master}`]),
    ...(self_signing === undefined ? [] : [`"self_signing_key":${self_signing}`]),
  ]
    .join()
    .concat('}');
}

function deviceText(deviceId: string, json: string): string {
  const { unsigned } = JSON.parse(json) as { unsigned?: JsonObject };
  const name = unsigned?.device_display_name;
  const named = name === undefined ? '' : `,"device_display_name":${JSON.stringify(name)}`;
  return `{"device_id":${JSON.stringify(deviceId)},"keys":${json}${named}}`;
}
