import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { type Lack, lacksOf } from '../../storage/federation/backlog.ts';
import {
  newestOutgoing,
  type OutgoingEvent,
  outgoingPdus,
} from '../../storage/federation/outgoing-events.ts';
import { type Pdu, pduOf } from './pdu.ts';
import type { RoomServers } from './room-servers.ts';
import { PDU_BYTES_MAX, upToBytes } from './transaction.ts';

export interface CatchUpPorts {
  readonly own: ServerName;
  readonly database: Database;
  readonly roomServers: RoomServers;
  readonly noLongerTold: NoLongerTold;
}

/** Of events of a room, by number, those of which only that they were is told any more. */
export type NoLongerTold = (
  roomId: RoomId,
  nids: readonly number[],
) => Promise<ReadonlySet<number>>;

/** What a server that lacks something is sent next, and what it lacks of those rooms then. */
export interface Step {
  readonly pdus: readonly Pdu[];
  /** Where it has all of a room, `after` is as far as was looked. */
  readonly left: readonly (Lack & { readonly isAll: boolean })[];
}

const LACKS_AT_ONCE = 50;
/** Beyond so many of one room it is sent the newest, from which it finds the others where it wants them. */
const ALL_OF_ROOM_MAX = 50;
/** Who left long ago has nothing to expect of what is newer: so far is looked for what is older. */
const LOOKED_BACK_MAX = 20;

/** Undefined for whom nothing is lacking. */
export async function nextStep(
  ports: CatchUpPorts,
  server: ServerName,
  /** But for these rooms. */
  { upTo, pdusMax, except }: { upTo: number; pdusMax: number; except: readonly number[] },
): Promise<Step | undefined> {
  const lacks = await lacksOf(ports.database, server, { limit: LACKS_AT_ONCE, except });
  if (lacks.length === 0) return undefined;
  const rooms: LackingRoom[] = [];
  let wanted = 0;
  for (const { roomNid, after } of lacks) {
    if (wanted >= pdusMax) break;
    const events = await lackingIn(ports, server, { roomNid, after, upTo });
    rooms.push({
      roomNid,
      after,
      isAll: wanted + events.length <= pdusMax,
      events: events.slice(0, pdusMax - wanted),
    });
    wanted += events.length;
  }
  const found = await pdusOf(
    ports,
    rooms.flatMap(({ events }) => events),
  );
  const pdus = upToBytes(found, ({ bytes }) => bytes, PDU_BYTES_MAX);
  const lastPosition = pdus.length < found.length ? pdus.at(-1)!.position : upTo;
  return { pdus, left: rooms.map((room) => leftOf(room, { upTo, lastPosition })) };
}

interface LackingRoom extends Lack {
  /** In order; with `isAll` there are no others. */
  readonly events: readonly OutgoingEvent[];
  readonly isAll: boolean;
}

/** What is lacking behind those that go now: all rooms' up to one position. */
function leftOf(
  { roomNid, after, events, isAll }: LackingRoom,
  { upTo, lastPosition }: { upTo: number; lastPosition: number },
): Step['left'][number] {
  const sent = events.filter(({ position }) => position <= lastPosition);
  if (isAll && sent.length === events.length) return { roomNid, after: upTo, isAll: true };
  return { roomNid, after: sent.at(-1)?.position ?? after, isAll: false };
}

interface Range extends Lack {
  readonly upTo: number;
}

/** In order. */
async function lackingIn(
  ports: CatchUpPorts,
  server: ServerName,
  range: Range,
): Promise<OutgoingEvent[]> {
  const newest = await page(ports, range);
  if (newest.length <= ALL_OF_ROOM_MAX) return forServer(ports, server, newest.toReversed());
  const last = await newestFor(ports, server, { ...range, newest });
  return last ? [last] : [];
}

async function newestFor(
  ports: CatchUpPorts,
  server: ServerName,
  { newest, ...range }: Range & { newest: readonly OutgoingEvent[] },
): Promise<OutgoingEvent | undefined> {
  let events = newest;
  for (let looked = 0; looked < LOOKED_BACK_MAX && events.length > 0; looked++) {
    for (const event of events)
      if ((await ports.roomServers.of(event)).includes(server)) return event;
    events = await page(ports, { ...range, upTo: events.at(-1)!.position - 1 });
  }
  return undefined;
}

const page = ({ database, own }: CatchUpPorts, range: Range) =>
  newestOutgoing(database, { ...range, server: own, limit: ALL_OF_ROOM_MAX + 1 });

async function forServer(
  { roomServers }: CatchUpPorts,
  server: ServerName,
  events: readonly OutgoingEvent[],
): Promise<OutgoingEvent[]> {
  const wanted: OutgoingEvent[] = [];
  for (const event of events)
    if ((await roomServers.of(event)).includes(server)) wanted.push(event);
  return wanted;
}

async function pdusOf(
  { database, noLongerTold }: CatchUpPorts,
  events: readonly OutgoingEvent[],
): Promise<readonly Pdu[]> {
  if (events.length === 0) return [];
  const rooms = new Map(events.map(({ position, roomNid }) => [position, roomNid]));
  const hidden = await hiddenOf(noLongerTold, events);
  const stored = await outgoingPdus(database, [...rooms.keys()]);
  return stored.map((each) => {
    const isRedacted = each.isRedacted || hidden.has(each.position);
    return pduOf({ ...each, isRedacted, roomNid: rooms.get(each.position)! });
  });
}

/** The positions of those of which only that they were is told any more. */
export async function hiddenOf(
  noLongerTold: NoLongerTold,
  events: readonly Pick<OutgoingEvent, 'roomId' | 'position'>[],
): Promise<ReadonlySet<number>> {
  const hidden = new Set<number>();
  for (const [roomId, own] of Map.groupBy(events, (each) => each.roomId)) {
    const positions = own.map(({ position }) => position);
    for (const nid of await noLongerTold(roomId, positions)) hidden.add(nid);
  }
  return hidden;
}
