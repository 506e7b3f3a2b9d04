import type { Random } from '../../differential/random.ts';
import type { Network } from './network.ts';

/** Of one server: messages, each counted for each server to which it goes. */
export interface Load {
  readonly sent: number;
  readonly received: number;
}

/**
 * What each server sends and takes in while every user says `messages` in every room in which they are. Whoever says
 * something has their server send it once to each other server in the room, so with u(r, s) users of server s in room r,
 * u(r) of all, and n(r) servers in it:
 *
 *   (1)  tx(s) = messages · Σ_r u(r, s) · (n(r) − 1)
 *   (2)  rx(s) = messages · Σ_r (u(r) − u(r, s)), over the rooms in which s is
 *   (3)  load(s) = tx(s) + rx(s)
 *
 * They follow from how Matrix sends, and are written down here from that: of the paper that has them as its Equations 1 to 3
 * only what it found was at hand, not its text.
 */
export function loadsOf({ servers, rooms }: Network, messages: number): Load[] {
  const loads = Array.from({ length: servers }, () => ({ sent: 0, received: 0 }));
  for (const room of rooms) {
    const users = usersIn(room);
    for (const [server, own] of room) {
      loads[server]!.sent += messages * own * (room.size - 1);
      loads[server]!.received += messages * (users - own);
    }
  }
  return loads;
}

/** The same, counted: `count` messages, each said by one of all users in one of their rooms. */
export function playedLoads({ servers, rooms }: Network, random: Random, count: number): Load[] {
  const loads = Array.from({ length: servers }, () => ({ sent: 0, received: 0 }));
  const seats = rooms.flatMap((room) =>
    [...room].flatMap(([server, own]) => Array.from({ length: own }, () => ({ room, server }))),
  );
  for (let message = 0; message < count; message++) {
    const { room, server } = random.pick(seats);
    for (const other of room.keys()) {
      if (other === server) continue;
      loads[server]!.sent += 1;
      loads[other]!.received += 1;
    }
  }
  return loads;
}

export interface Share {
  /** Of what all send. */
  readonly ofSent: number;
  /** Of what all send and take in. */
  readonly ofTraffic: number;
}

export function shareOf(server: number, loads: readonly Load[]): Share {
  const sum = { sent: 0, received: 0 };
  for (const { sent, received } of loads) {
    sum.sent += sent;
    sum.received += received;
  }
  const { sent, received } = loads[server]!;
  return { ofSent: sent / sum.sent, ofTraffic: (sent + received) / (sum.sent + sum.received) };
}

/** How many messages one server sends to each of the others. */
export function sentTo({ rooms }: Network, from: number, messages: number): Map<number, number> {
  const sent = new Map<number, number>();
  for (const room of rooms) {
    const own = room.get(from) ?? 0;
    if (own === 0) continue;
    for (const to of room.keys())
      if (to !== from) sent.set(to, (sent.get(to) ?? 0) + own * messages);
  }
  return sent;
}

/** All memberships, of one user in one room each. */
export const seatsOf = ({ rooms }: Network): number =>
  rooms.reduce((sum, room) => sum + usersIn(room), 0);

const usersIn = (room: ReadonlyMap<number, number>): number =>
  [...room.values()].reduce((sum, users) => sum + users, 0);
