import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { deviceListRow } from '../../storage/encryption/device-lists.ts';
import { type Effect, userOf } from './edu.ts';

export interface DevicePorts {
  readonly rooms: Pick<Rooms, 'roomsOf'>;
}

/**
 * `m.device_list_update` and `m.signing_key_update`: whoever shares a room with the user asks for their keys anew. What
 * the keys are now is not taken from here but from the user's server when they are asked for, so no update can be missed
 * in the middle of others, and `prev_id` says nothing that we have to know.
 */
export async function takeDeviceChanges(
  { rooms }: DevicePorts,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<readonly Effect[]> {
  const changed = new Set<UserId>();
  for (const { user_id } of contents) {
    const userId = userOf(origin, user_id);
    // Of strangers nothing is kept, however many their server invents.
    if (userId !== undefined && (await rooms.roomsOf(userId)).size > 0) changed.add(userId);
  }
  return [...changed].map(
    (userId): Effect =>
      ({ position, rows, records }) => {
        const at = position();
        rows.push(deviceListRow(userId, at));
        records.push({ position: at, record: { kind: 'device-list', userId } });
      },
  );
}
