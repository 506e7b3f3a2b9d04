import { invalidParam } from '../../http/matrix-error.ts';
import { madeInBreaths, withBreaths } from '../../log/breaths.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Json, RoomForm, SyncAnswer, TimelinePart } from '../../sync/v3/answer-text.ts';
import type { Filters } from '../../sync/v3/filter/filters.ts';
import type { Sync } from '../../sync/v3/sync.ts';

export interface OldStreamPorts {
  readonly sync: Pick<Sync, 'told' | 'tellsAll'>;
  readonly syncFilters: Pick<Filters, 'of'>;
}

export interface OldStreamQuestion {
  readonly userId: UserId;
  readonly since: string | undefined;
  readonly filter: JsonObject;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What /sync tells of a room, in its parts. */
export interface ToldRoom {
  /** Of a room that one is invited to, or knocked at, its stripped state. */
  readonly state: readonly Json[];
  readonly timeline: TimelinePart;
  readonly ephemeral: readonly Json[];
  readonly accountData: readonly Json[];
}

/** No device has this name: who reads by the endpoints of before has not taken what was sent to their device, which a token of theirs would say. */
const NO_DEVICE = '';

/**
 * Of a room. Beyond it the newest are told alone, and there is no word for that in these answers: who was away for long pages
 * forwards by `/messages`, from `start`.
 */
export const OLD_STREAM_MAX = { events: 1_000, bytes: 4 * 1_048_576 };

/** The endpoints of before tell what /sync tells, in another form. */
export async function toldOf(
  { sync, syncFilters }: OldStreamPorts,
  { filter, ...question }: OldStreamQuestion,
): Promise<SyncAnswer<ToldRoom>> {
  const request = {
    ...question,
    ...({ deviceId: NO_DEVICE, fullState: false, stateKey: 'state_after' } as const),
    setPresence: 'offline',
    timelineBytesMax: OLD_STREAM_MAX.bytes,
    filter: await syncFilters.of(question.userId, JSON.stringify(filter)),
  } as const;
  return sync.told(request, IN_PARTS);
}

/** Where there is nothing to be told yet. */
export async function nowOf(
  ports: OldStreamPorts,
  question: Pick<OldStreamQuestion, 'userId' | 'signal'>,
): Promise<string> {
  const filter = { room: { rooms: [] }, presence: NOTHING, account_data: NOTHING };
  const told = await toldOf(ports, { ...question, since: undefined, filter, timeoutMs: 0 });
  return told.nextBatch;
}

/** One that holds: behind a token of a lost timeline all would have to be told, for which there is `initialSync`. */
export function heldToken({ sync }: OldStreamPorts, from: string): string {
  if (sync.tellsAll(from)) throw invalidParam('from is no token that still holds');
  return from;
}

export const NOTHING = { types: [] };

/** Which /sync leaves out where it names the room once. */
export const withRoom = (event: Json, roomId: RoomId): Json =>
  `${event.slice(0, -1)},"room_id":${JSON.stringify(roomId)}}`;

/** Those of them that are meant. Parsed one by one, since together they may be tens of megabytes: others have their turn in between. */
export async function those(
  events: readonly Json[],
  areMeant: (event: JsonObject) => boolean,
): Promise<Json[]> {
  const parsed = await parsedInTurns(events);
  return events.filter((_, at) => areMeant(parsed[at]!));
}

export const parsedInTurns = (events: readonly Json[]): Promise<JsonObject[]> =>
  withBreaths(madeInBreaths(events, AS_PARSED));

const AS_PARSED = {
  make: (event: Json) => JSON.parse(event) as JsonObject,
  lengthOf: (event: Json) => event.length,
  lengthMax: 256 * 1_024,
};

const NO_TIMELINE: TimelinePart = { events: [], limited: false, prevBatch: '' };

const outside = (state: readonly Json[]): ToldRoom => ({
  ...{ state, timeline: NO_TIMELINE, ephemeral: [], accountData: [] },
});

const IN_PARTS: RoomForm<ToldRoom> = {
  joined: ({ state, timeline, ephemeral, accountData }) => ({
    ...{ state: state.events, timeline, ephemeral, accountData },
  }),
  left: ({ state, timeline, accountData }) => ({
    ...{ state: state.events, timeline, ephemeral: [], accountData },
  }),
  invited: outside,
  knocked: outside,
};
