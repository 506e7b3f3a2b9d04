import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../protocol/event.ts';
import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomStore } from '../store.ts';
import type { AskServers } from './ask-servers.ts';
import { parsePdu } from './format.ts';
import { unknownOf } from './given-state.ts';
import { type Told, ToldEvents } from './told-events.ts';

/** Of what a server tells of a state. */
const IDS_MAX = 200_000;

export interface Asking {
  readonly ask: AskServers;
  readonly store: Pick<RoomStore, 'stateEntriesOf'>;
  readonly server: ServerName;
  /** For the next answer; 0 where nothing more is asked. */
  readonly msLeft: () => number;
  readonly keep: (pdus: readonly JsonObject[]) => Promise<void>;
}

/**
 * The ids of the state before an event, as a server tells it, when all that was not here of it has been kept: a part of a state
 * is none.
 */
export async function stateBeforeAsTold(
  room: HotRoom,
  { eventId, authEvents }: Event,
  asking: Asking,
): Promise<readonly EventId[] | 'not now' | undefined> {
  const { ask, keep, msLeft, server, store } = asking;
  const asked = { roomId: room.roomId, eventId, withinMs: msLeft() };
  const told = await ask.stateIds(server, asked);
  if (told === undefined || told === 'not now') return told;
  const all = [...new Set([...told.authChain, ...authEvents, ...told.state])];
  if (all.length > IDS_MAX) return undefined;
  const fetching = new ToldEvents(await unknownOf(room, all, store), {
    tell: (id) => eventAsTold(room, id, asking),
    keep: (events) => keep(events.map(({ pdu }) => pdu)),
    mayGoOn: () => msLeft() > 0,
    wait: (ms) => sleep(Math.min(ms, msLeft())),
  });
  return (await fetching.fetch()) ? told.state : undefined;
}

export async function eventAsTold(room: HotRoom, eventId: EventId, asking: Asking): Promise<Told> {
  const asked = { eventId, withinMs: asking.msLeft() };
  const told = await asking.ask.event(asking.server, asked);
  if (told.kind !== 'told') return told;
  const parsed = parsePdu(told.pdu, room);
  return parsed.ok && parsed.value.eventId === eventId
    ? { kind: 'told', event: parsed.value }
    : { kind: 'not there' };
}
