import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { parsePdu } from './format.ts';
import { type Holdable, mayBeJudgedLater } from './held.ts';
import type { Received, Refused } from './room-receiver.ts';

/**
 * Of what a room refused those that wait until its states can be resolved: what was not, and what follows that, now or in what is held
 * already. Nobody need be asked for what these lack.
 */
export async function waitingForRest(
  { ports, resolver }: Building,
  room: HotRoom,
  { received, server, isStuck }: Found,
): Promise<ReadonlySet<EventId>> {
  const lacking = received.flatMap(lackingOf);
  const waiting = new Set(received.filter(isUnresolved).flatMap(({ eventId }) => eventId ?? []));
  if (lacking.length === 0) return waiting;
  const missing = lacking.flatMap((each) => each.missing);
  const rests = waiting.size > 0 || resolver.restMs(room.roomId, server) > 0;
  const held = rests ? await ports.store.heldAmong(room.nid, missing) : NONE;
  const isWaiting = (id: EventId) => held.has(id) || isStuck(id) || waiting.has(id);
  for (let size = -1; size < waiting.size; ) {
    size = waiting.size;
    for (const each of lacking) if (each.missing.some(isWaiting)) waiting.add(each.eventId);
  }
  return waiting;
}

interface Found {
  readonly received: readonly Received[];
  /** Who said it. */
  readonly server: ServerName;
  /** Of what is held, also while the room does not rest. */
  readonly isStuck: (eventId: EventId) => boolean;
}

const NONE: ReadonlySet<EventId> = new Set();

const isUnresolved = (received: Received): received is Refused =>
  received.kind === 'refused' && received.unresolved !== undefined;

const lackingOf = (received: Received) =>
  received.kind === 'refused' && received.eventId !== undefined && received.missing
    ? [{ eventId: received.eventId, missing: received.missing }]
    : [];

/** What may be judged when the room has rested: nobody says it again. */
export function holdable(
  { resolver }: Building,
  room: HotRoom,
  {
    received,
    pdus,
    waiting,
  }: {
    readonly received: readonly Received[];
    readonly pdus: readonly JsonObject[];
    readonly waiting: ReadonlySet<EventId>;
  },
): readonly Holdable[] {
  const rests = resolver.restMs(room.roomId) > 0;
  const isHoldable = (each: Received) =>
    each.kind === 'refused' &&
    mayBeJudgedLater(each) &&
    (rests || each.unresolved !== undefined || waiting.has(each.eventId!));
  return received.flatMap((each, index) => {
    const parsed = isHoldable(each) ? parsePdu(pdus[index]!, room) : undefined;
    return parsed?.ok ? [{ event: parsed.value, pdu: pdus[index]! }] : [];
  });
}
