import pg from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import type { Log } from '../log/log.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { RoomMembership } from '../rooms/membership/membership.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { searchFeatures } from './features.ts';

test('a search that takes too long is ended, and told so', async () => {
  await using fresh = await freshDatabase();
  const roomId = '!r:x' as RoomId;
  const own: Partial<RoomMembership> = { roomId, membership: 'join', since: 0, forgotten: false };
  const features = searchFeatures({
    ...{ database: fresh.database, databaseUrl: fresh.url, languages: ['simple'] },
    log: { committed: { epoch: 1, position: 1 } } as Log,
    rooms: { roomsOf: async () => new Map([[roomId, own]]) } as unknown as Rooms,
    ignoredBy: async () => new Set(),
    onError: () => {},
    statementMsMax: 200,
  });
  const locking = new pg.Client(fresh.url);
  await locking.connect();
  await locking.query('BEGIN');
  await locking.query('LOCK TABLE search_document IN ACCESS EXCLUSIVE MODE');
  const searching = features.ports.search({
    ...{ userId: '@a:x' as UserId, term: 'um', keys: ['content.body'], orderBy: 'rank', limit: 1 },
    ...{ from: undefined, onlyRooms: undefined, notRooms: [], senders: undefined },
    admits: () => true,
  });
  await expect(searching).rejects.toMatchObject({ status: 400, errcode: 'M_UNKNOWN' });
  await locking.end();
  await features.close();
});
