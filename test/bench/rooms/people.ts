import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectPool } from '../../../server/storage/database.ts';
import type { Account, BenchClient } from '../client.ts';
import { mapSome } from '../load.ts';

/** Who uses the rooms of an hour, and up to where each client has seen them. */
export interface People {
  readonly accounts: readonly Account[];
  /** By account. */
  readonly since: string[];
  readonly rooms: readonly UsedRoom[];
}

export interface UsedRoom {
  readonly roomId: string;
  /** By number of the account: who made it, and who was invited. */
  readonly members: readonly [number, number];
}

/** Gives those who are in the rooms their accounts, at a server on them, and lets the invited come in. */
export async function makePeople(
  client: BenchClient,
  users: number,
  rooms: readonly UsedRoom[],
): Promise<People> {
  const numbers = [...Array(users).keys()];
  const accounts = await mapSome(8, numbers, (number) => client.register(`user${number}`));
  await mapSome(32, rooms, ({ roomId, members: [, invited] }) =>
    client.join(roomId, accounts[invited]!),
  );
  const since = await mapSome(4, accounts, (each) => client.sync(each, undefined, 0));
  return { accounts, since: since.map(({ next }) => next), rooms };
}

/** Spread over all rooms, as those that are used are. */
export async function roomsInUse(url: string, count: number): Promise<UsedRoom[]> {
  const database = connectPool(url, { connectionsMax: 1, onError: console.error });
  const rooms = await database.query<{ roomId: string; maker: number; invited: number }>(
    'rooms_and_members',
    `SELECT room_id AS "roomId", ${numberOf('maker')} AS maker, ${numberOf('invited')} AS invited
     FROM room JOIN membership maker USING (room_nid) JOIN membership invited USING (room_nid)
     WHERE maker.membership = 'join' AND invited.membership = 'invite' ORDER BY room_nid`,
  );
  await database.end();
  const step = Math.floor(rooms.length / count);
  return Array.from({ length: count }, (_, index) => rooms[index * step]!).map(
    ({ roomId, maker, invited }) => ({ roomId, members: [maker, invited] }),
  );
}

/** The users are @user0:example.org and so on. */
const numberOf = (member: string) =>
  `substring(${member}.user_id FROM 6 FOR position(':' IN ${member}.user_id) - 6)::int`;

const fileIn = (folder: string) => join(folder, 'people.json');

export const peopleIn = (folder: string): People | undefined =>
  existsSync(fileIn(folder)) ? JSON.parse(readFileSync(fileIn(folder), 'utf8')) : undefined;

export const keepPeople = (folder: string, people: People): void =>
  writeFileSync(fileIn(folder), JSON.stringify(people));
