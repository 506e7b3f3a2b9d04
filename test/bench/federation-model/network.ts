import type { Random } from '../../differential/random.ts';

/** Who is where: servers are numbers, and 0 is the largest. */
export interface Network {
  readonly servers: number;
  readonly users: number;
  /** Of each room by server how many of its users are in it. */
  readonly rooms: readonly ReadonlyMap<number, number>[];
}

export interface Shape {
  readonly servers: number;
  readonly rooms: number;
  readonly users: number;
  /** Of the users how many are at the largest server. */
  readonly ofLargest: number;
  /** By how much each further one of the other servers has fewer users, and each further room: exponents of Zipf's law. */
  readonly serverSkew: number;
  readonly roomSkew: number;
  /** With which chance somebody who is in a room is in one more. */
  readonly oneMore: number;
}

/**
 * The public part of the Matrix federation as "A Glimpse of the Matrix" (Jacob, Grashöfer, Hartenstein, 2019) counted it:
 * the numbers of servers, rooms and users are the paper's. It gives no list of who is in which room; the other four were
 * chosen so that the shares of the largest server come out as it measured them (44.5 % of the traffic, 88.4 % of what is sent).
 */
export const MEASURED: Shape = {
  ...{ servers: 2_003, rooms: 798, users: 131_463 },
  ...{ ofLargest: 0.8975, serverSkew: 2, roomSkew: 0.6, oneMore: 0.3 },
};

/** The same shape with fewer of all. */
export const scaled = (shape: Shape, factor: number): Shape => ({
  ...shape,
  servers: Math.round(shape.servers * factor),
  rooms: Math.round(shape.rooms * factor),
  users: Math.round(shape.users * factor),
});

/** Nobody is without: each server has a user, and each room somebody in it. */
export function makeNetwork(random: Random, shape: Shape): Network {
  const rooms = Array.from({ length: shape.rooms }, () => new Map<number, number>());
  const aRoom = zipf(random, shape.rooms, shape.roomSkew);
  const anOther = zipf(random, shape.servers - 1, shape.serverSkew);
  const serverOf = (user: number): number => {
    if (user < shape.servers) return user;
    return random.chance(shape.ofLargest) ? 0 : 1 + anOther();
  };
  for (let user = 0; user < shape.users; user++) {
    const server = serverOf(user);
    // The last of the users are the first in the rooms.
    const firstRoom = shape.users - 1 - user;
    const joined = new Set([firstRoom < shape.rooms ? firstRoom : aRoom()]);
    while (joined.size < shape.rooms && random.chance(shape.oneMore)) joined.add(aRoom());
    for (const each of joined) {
      const room = rooms[each]!;
      room.set(server, (room.get(server) ?? 0) + 1);
    }
  }
  return { servers: shape.servers, users: shape.users, rooms };
}

/** A number below `count`, of which each is by so much rarer than the one before. */
function zipf(random: Random, count: number, skew: number): () => number {
  const upTo: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += rank ** -skew;
    upTo.push(sum);
  }
  return () => {
    const at = random.next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
