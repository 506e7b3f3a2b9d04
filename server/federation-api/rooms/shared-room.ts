import { z } from 'zod';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import type { Answer } from '../../http/answer.ts';
import { jsonStream, jsonText } from '../../http/answer.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import { type Server, subscriberIn } from '../../protocol/caller.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';

/** What endpoints need that tell servers of rooms which they share with us. */
export interface SharedRoomPorts {
  readonly rooms: Pick<Rooms, 'openForServer' | 'roomOfEvent'>;
  readonly largeReads: Pick<LargeReads, 'enter'>;
  readonly rateLimits: Pick<RateLimits, 'charge'>;
  readonly accounts: { readonly serverName: ServerName };
  readonly now: () => number;
}

/** So many events cost as much as a small request. */
const EVENTS_A_REQUEST = 100;

/** What a server asks for costs what it takes to be read: where that is much, it waits the longer before it is heard again. */
export function charge(
  { rateLimits }: Pick<SharedRoomPorts, 'rateLimits'>,
  caller: Server,
  events: number,
): void {
  rateLimits.charge('read', subscriberIn(caller), Math.floor(events / EVENTS_A_REQUEST));
}

export const stateAtEvent = {
  path: z.object({ roomId }),
  query: z.object({ event_id: eventId }),
};

/** The state before the event and what authorizes it, for a server that may have it. */
export async function stateBefore(
  ports: SharedRoomPorts,
  asked: {
    caller: Server;
    path: { roomId: RoomId };
    query: { event_id: EventId };
    signal: AbortSignal;
  },
) {
  const { caller, path, query, signal } = asked;
  await ports.largeReads.enter(subscriberIn(caller), signal);
  const room = await ports.rooms.openForServer(path.roomId, caller.origin);
  const state = await room.stateBefore(query.event_id);
  charge(ports, caller, 2 * state.count);
  return state;
}

/** As servers send events to each other. */
export function transactionOf(
  { accounts, now }: Pick<SharedRoomPorts, 'accounts' | 'now'>,
  pdus: readonly string[],
): Answer {
  const origin = JSON.stringify(accounts.serverName);
  return jsonText(`{"origin":${origin},"origin_server_ts":${now()},"pdus":[${pdus.join()}]}`);
}

type Lists = Readonly<Record<string, AsyncIterable<readonly string[]>>>;

/** Lists that are made as they are read, one behind the other, and before them members that are made already, each with a comma behind it. */
export const listsText = (lists: Lists, before = '') => jsonStream(piecesOf(lists, before));

async function* piecesOf(lists: Lists, first: string) {
  let before = `{${first}`;
  for (const [name, pieces] of Object.entries(lists)) {
    yield `${before}"${name}":[`;
    let isFirst = true;
    for await (const piece of pieces) {
      if (piece.length === 0) continue;
      yield isFirst ? piece.join() : `,${piece.join()}`;
      isFirst = false;
    }
    before = '],';
  }
  yield ']}';
}
