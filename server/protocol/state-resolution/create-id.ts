import type { EventId } from '../identifiers.ts';
import type { ResolvedRoom } from './steps.ts';

/** Where the room id is the create event's id, no event names it among its auth events. */
export const createIdOf = ({ roomId, rules }: ResolvedRoom): EventId | undefined =>
  rules.createIsRoomId ? (`$${roomId.slice(1)}` as EventId) : undefined;
