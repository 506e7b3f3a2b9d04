import type { EventId } from '../../protocol/identifiers.ts';
import type { Resolutions } from './resolutions.ts';
import {
  type InRoom,
  type NumberedState,
  type Resolved,
  resolveNumbered,
  type StateSources,
} from './resolve-numbered.ts';
import { StateLayers } from './state-layers.ts';

export type StateBefore =
  | ({
      readonly kind: 'known';
      /** The numbers of the states that were resolved; one where they do not differ. */
      readonly stateNids: readonly number[];
    } & Resolved)
  /** There are no such events in the room, or nobody knows what state they were in. */
  | { readonly kind: 'unknown'; readonly events: readonly EventId[] };

/**
 * The state before an event that names these, wherever in the room that is: the resolution of the
 * states after them. Where they do not differ it costs the reading of one state, else the names of
 * all that the room has, unless these states have met before.
 */
export async function stateBefore(
  room: InRoom,
  prevEvents: readonly EventId[],
  sources: StateSources & { readonly resolutions: Resolutions },
): Promise<StateBefore> {
  const found = await sources.store.eventsById(prevEvents);
  const after = new Map(
    found.flatMap(({ eventId, roomNid, stateAfter }) =>
      roomNid === room.nid && stateAfter !== null ? [[eventId, stateAfter] as const] : [],
    ),
  );
  const unknown = prevEvents.filter((eventId) => !after.has(eventId));
  if (unknown.length > 0) return { kind: 'unknown', events: unknown };
  const stateNids = [...new Set(after.values())];
  const resolve = async () => resolveNumbered(room, await readStates(stateNids, sources), sources);
  const resolved = await (stateNids.length > 1
    ? sources.resolutions.of(stateNids, resolve)
    : resolve());
  return { kind: 'known', stateNids, ...resolved };
}

/** As they are stored, in the order asked for. */
export async function readStates(
  nids: readonly number[],
  { store }: Pick<StateSources, 'store'>,
): Promise<NumberedState[]> {
  const layers = Map.groupBy(await store.statesWithBases(nids), ({ top }) => top);
  return nids.map((nid) =>
    new StateLayers((layers.get(nid) ?? []).map(({ entries }) => entries)).toMap(),
  );
}
