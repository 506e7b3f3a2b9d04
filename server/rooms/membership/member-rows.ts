import type { Row } from '../../log/change.ts';
import type { RoomRows } from '../store.ts';

type Rows = Pick<RoomRows, 'membership' | 'membershipHistory'>;

/** What somebody is in a room from now on, and that they were it from here on. */
export const memberRows = (
  rows: Rows,
  entry: Parameters<Rows['membership']>[0] & Parameters<Rows['membershipHistory']>[0],
): Row[] => [rows.membership(entry), rows.membershipHistory(entry)];
