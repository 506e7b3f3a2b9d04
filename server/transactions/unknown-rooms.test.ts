import { expect, test } from 'vitest';
import { NotWriter } from '../log/log.ts';
import type { RoomId, ServerName } from '../protocol/identifiers.ts';
import { UnknownRooms } from './unknown-rooms.ts';

test('a room whose note was not committed is noted when it is named again', async () => {
  let [commits, isRefused] = [0, true];
  const log = {
    async commit() {
      if (isRefused) throw new NotWriter('demoted');
      commits += 1;
    },
  } as never;
  const rooms = new UnknownRooms({ log, now: () => 1_000 });
  const note = () => rooms.note('!lost:far.org' as RoomId, 'peer.org' as ServerName);
  await expect(note()).rejects.toThrow(NotWriter);
  isRefused = false;
  await note();
  await note();
  expect(commits).toBe(1);
});
