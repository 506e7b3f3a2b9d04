import type { Event, StateEvent } from '../../protocol/event.ts';
import { EVENT_BYTES_MAX } from '../../protocol/limits.ts';
import { tooLarge } from '../../protocol/matrix-error.ts';
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';

/**
 * Of a room's state without memberships (memory/state-weight.ts). A room whose state is larger than an
 * answer may be (ANSWER_BYTES_MAX) can be read by nobody any more, and this is far below it: what makes no
 * event larger is taken even beyond, which may double it at most.
 */
export const STATE_BYTES_MAX = 48 * 1_048_576;

/** Or a full room could not be moderated, and nobody could be sent on to another one. */
const ALWAYS_TAKEN = new Set(['m.room.member', 'm.room.power_levels', 'm.room.tombstone']);

/**
 * Whether it has to be read what the room's state weighs: before anything may be refused for it. Few entries
 * cannot weigh so much.
 */
export function mustBeWeighed(
  room: HotRoom,
  { type, stateKey }: Draft,
  bytesMax = STATE_BYTES_MAX,
): boolean {
  if (stateKey === undefined || ALWAYS_TAKEN.has(type)) return false;
  const entries = room.head.size - room.members.size;
  if (2 * EVENT_BYTES_MAX * entries <= bytesMax) return false;
  const { bytes } = room.stateWeight;
  return bytes === undefined || bytes + EVENT_BYTES_MAX > bytesMax;
}

/** Throws where the event makes the state of a room heavier that is heavy already. */
export function refuseHeavyState(
  room: HotRoom,
  { event, replaced }: { event: Event; replaced: StateEvent | undefined },
  bytesMax = STATE_BYTES_MAX,
): void {
  const { bytes } = room.stateWeight;
  if (bytes === undefined || ALWAYS_TAKEN.has(event.type)) return;
  if (bytes + JSON.stringify(event.pdu).length <= bytesMax) return;
  if (replaced !== undefined && lengthOf(event) <= lengthOf(replaced)) return;
  throw tooLarge(
    'The state of this room is as large as may be: some of it must become smaller first',
  );
}

const lengthOf = ({ content }: StateEvent): number => JSON.stringify(content).length;
