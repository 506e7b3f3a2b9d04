import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { Room } from '../room.ts';

/** The room as it stands, as far as power levels are read from it. */
export async function powerState(room: Pick<Room, 'stateEvent'>): Promise<AuthState> {
  const [create, levels] = await Promise.all([
    room.stateEvent('m.room.create', ''),
    room.stateEvent('m.room.power_levels', ''),
  ]);
  // A RoomEvent has what power levels are read from: sender, type and content.
  const state = {
    'm.room.create': create,
    'm.room.power_levels': levels,
  } as unknown as Record<string, Event | undefined>;
  return { get: (type) => state[type] };
}
