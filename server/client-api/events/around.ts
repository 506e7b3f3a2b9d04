import type { Person } from '../../protocol/caller.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';
import type { Page, PageRequest, Room } from '../../rooms/room.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';

export interface Around {
  readonly before: readonly SeenEvent[];
  readonly after: readonly SeenEvent[];
  /** JSON texts of the tokens that go on from there in either direction. */
  readonly start: string;
  readonly end: string;
}

/** What was said around an event, as far as the reader may see it: the nearest first. */
export async function around(
  room: Room,
  { userId }: Pick<Person, 'userId'>,
  { event: { depth, nid } }: SeenEvent,
  limits: { before: number; after: number },
  narrowed: Pick<PageRequest, 'wanted' | 'relatedBy' | 'seesAll'> = {},
): Promise<Around> {
  const page = (direction: 'b' | 'f', from: Page['end'], limit: number): Promise<Page> =>
    room.history({ ...narrowed, reader: userId, from, direction, limit });
  const [before, after] = await Promise.all([
    page('b', { depth, nid: nid - 1 }, limits.before),
    page('f', { depth, nid }, limits.after),
  ]);
  return {
    ...{ before: before.events, after: after.events },
    start: JSON.stringify(encodePlace(before.end)),
    end: JSON.stringify(encodePlace(after.end)),
  };
}
