import { checkAuthEvents } from '../../protocol/auth-rules/auth-events.ts';
import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState, Verdict } from '../../protocol/auth-rules/verdict.ts';
import { type Event, type StateEvent, stateKeyOf } from '../../protocol/event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';

/** "Passes authorization rules based on the event's auth events, otherwise it is rejected." All of them are given. */
export function judgeByAuthEvents(
  event: Event,
  authEvents: readonly StateEvent[],
  room: { readonly rules: RoomVersionRules; readonly create: StateEvent | undefined },
): Verdict {
  const selected = checkAuthEvents(event, authEvents, room.rules);
  if (!selected.allowed) return selected;
  return authorize(event, stateOf(authEvents, room), room.rules);
}

/** From version 12 on the create event is named by the room's id alone. */
function stateOf(
  authEvents: readonly StateEvent[],
  { rules, create }: { readonly rules: RoomVersionRules; readonly create: StateEvent | undefined },
): AuthState {
  const named = rules.createIsRoomId && create ? [create, ...authEvents] : authEvents;
  const state = new Map(named.map((each) => [stateKeyOf(each.type, each.stateKey ?? ''), each]));
  return { get: (type, stateKey) => state.get(stateKeyOf(type, stateKey)) };
}
