import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import { type EventId, parseUserId, serverNameOf } from '../../protocol/identifiers.ts';
import { levelFor, powerLevelOf } from '../../protocol/power-levels.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import { readStates } from '../state/state-before.ts';
import type { RoomStore, StoredEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import type { EarlyRedaction } from '../write/redacted-on-arrival.ts';
import { isRedacted, redactedBy, relationOfStored } from '../write/redaction.ts';
import type { Attached } from '../write/room-change.ts';
import { lookedAt } from './state-there.ts';

/** Those that were there before these events, by what they redact. */
export async function redactionsBefore(
  room: HotRoom,
  eventIds: readonly EventId[],
  store: Pick<RoomStore, 'redactionsAwaiting'>,
): Promise<ReadonlyMap<EventId, readonly StoredEvent[]>> {
  const stored = await store.redactionsAwaiting(room.nid, eventIds);
  const redacts = (each: StoredEvent) => parsedEventOf(each, room.rules).redacts;
  return Map.groupBy(
    stored.filter((each) => redacts(each) !== undefined),
    (each) => redacts(each)!,
  );
}

/** The first of them that takes effect on the event, which has come now. */
export async function earlyRedactionOf(
  building: Building,
  room: HotRoom,
  event: Event,
  early: readonly StoredEvent[],
): Promise<EarlyRedaction | undefined> {
  for (const stored of early) {
    const redaction = parsedEventOf(stored, room.rules);
    const { store } = building.ports;
    const [agreed] = await readStates([stored.stateBefore ?? 0], { store });
    const { state } = await lookedAt(building, room, redaction, { agreed: agreed!, decided: [] });
    const { sender } = event;
    if (takesEffect(redaction, { sender, state, rules: room.rules }))
      return { nid: stored.nid, event: redaction };
  }
  return undefined;
}

function takesEffect(
  redaction: Event,
  { sender, state, rules }: { sender: string; state: AuthState; rules: RoomVersionRules },
): boolean {
  const parsed = parseUserId(sender);
  if (parsed.ok && serverNameOf(parsed.value) === serverNameOf(redaction.sender)) return true;
  return powerLevelOf(redaction.sender, state, rules) >= levelFor('redact', state, rules);
}

/**
 * What a redaction by another server takes effect on: where its sender has the power to redact, or its server is that of the
 * event redacted (rooms/v3, "Handling redactions").
 */
export async function redactionBy(
  event: Event,
  room: HotRoom,
  state: AuthState,
  store: Pick<RoomStore, 'eventById'>,
): Promise<Pick<Attached, 'redacted' | 'unrelated' | 'awaits'>> {
  if (event.type !== 'm.room.redaction' || event.redacts === undefined) return {};
  if (room.pendingById(event.redacts)) await room.settled;
  const target = await store.eventById(event.redacts);
  if (target === undefined || target.outlier) return { awaits: event.redacts };
  if (target.roomNid !== room.nid || isRedacted(room, target)) return {};
  const { sender } = JSON.parse(target.json);
  if (!takesEffect(event, { sender, state, rules: room.rules })) return {};
  return {
    redacted: redactedBy(room, target, event),
    unrelated: relationOfStored(target, room),
  };
}
