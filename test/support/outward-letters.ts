import type { Log } from '../../server/log/log.ts';
import type { OutwardQueue } from '../../server/log/outward.ts';
import type { UserId } from '../../server/protocol/identifiers.ts';
import type { Database } from '../../server/storage/database.ts';
import { toDeviceRow } from '../../server/storage/encryption/to-device.ts';

/** Rows of a real table, as an outward queue walks them. */
export interface Letter {
  readonly position: number;
}

export const writeLetter = (log: Pick<Log, 'commit'>): Promise<number> =>
  log.commit((next) => {
    const position = next();
    const [userId, deviceId] = ['@a:b' as UserId, 'D'];
    const record = { kind: 'to-device', userId, deviceId } as const;
    const rows = [toDeviceRow({ userId, deviceId, json: '{}', position })];
    return { change: { rows, records: [{ position, record }], touches: [] }, value: position };
  });

export const letters = (
  database: Database,
  send: OutwardQueue<Letter>['send'],
): OutwardQueue<Letter> => ({
  name: 'letters',
  read: ({ after, upTo, limit }) =>
    database.query<Letter>(
      'letters',
      `SELECT position FROM to_device WHERE position > $1 AND position <= $2
       ORDER BY position LIMIT $3`,
      [after, upTo, limit],
    ),
  send,
});

export const allLetters = async (database: Database): Promise<number[]> => {
  const rows = await database.query<Letter>(
    'all_letters',
    'SELECT position FROM to_device ORDER BY position',
  );
  return rows.map(({ position }) => position);
};
