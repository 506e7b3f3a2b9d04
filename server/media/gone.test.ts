import { expect, test } from 'vitest';
import { holdCommits } from '../../test/support/hold-commits.ts';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import { BulkLane } from '../log/bulk.ts';
import { commitRows } from '../log/commit-rows.ts';
import { Deadline } from '../log/deadline.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { mediaRow } from '../storage/media/media.ts';
import { mediaGoneRow, someGone } from '../storage/media/removal.ts';
import { GoneContent } from './gone.ts';

test('an object whose removal is committed and may not be told stays, and goes once that is told', async () => {
  await using at = await removedLate();
  at.beforePiece(() => expect.unreachable('Its pieces stay, too'));
  at.gone.begin();
  await expect.poll(() => at.asked()).toBeGreaterThan(1);
  expect([at.removed, at.errors]).toEqual([[], []]);
  at.beforePiece(() => {});
  at.deadline.renew(20);
  await expect.poll(() => at.removed).toEqual([`7-${SHA256.toString('hex')}`]);
  await expect.poll(() => at.left()).toEqual([]);
  expect(at.errors).toEqual([]);
});

test('nor does it go where the writer comes to its end meanwhile: the next one may lack that removal', async () => {
  await using at = await removedLate();
  at.deadline.renew(20);
  await expect.poll(() => at.writer.mayAnswer()).toBe(true);
  // Between the reading and the object only the pieces are taken away.
  at.beforePiece(() => at.writer.lost(new Error('gone')));
  at.gone.begin();
  const asked = at.asked();
  await expect.poll(() => at.asked()).toBeGreaterThan(asked + 2);
  expect([at.removed, at.errors]).toEqual([[], []]);
  expect(await at.left()).toHaveLength(1);
});

const SHA256 = Buffer.alloc(32, 7);

/** A file, whose removal was committed, and came back when the deadline had passed. */
async function removedLate() {
  const fresh = await freshDatabase();
  const { database } = fresh;
  let now = 0;
  const deadline = new Deadline(10, () => now);
  const writer = await startWriter(fresh.url, { deadline });
  await commitRows(writer, [mediaRow(FILE)]);
  const held = await holdCommits(fresh.url);
  commitRows(writer, [mediaGoneRow(FILE.mediaId)]).catch(() => {});
  await held.untilOneWaits();
  now = 10;
  await held.release();
  const left = () => someGone(database, { after: 0, limit: 2 });
  await expect.poll(left).toHaveLength(1);
  const [removed, errors]: [string[], unknown[]] = [[], []];
  let [asked, beforePiece] = [0, () => {}];
  const mayAnswer = () => {
    asked += 1;
    return writer.mayAnswer();
  };
  const query: typeof database.query = (...given) => {
    beforePiece();
    return database.query(...given);
  };
  const gone = new GoneContent({
    stored: { database, locks: new KeyedMutex(), log: { mayAnswer } },
    lane: new BulkLane({ database: { ...database, query }, log: writer }),
    objects: { remove: async (key) => void removed.push(key) },
    onError: (error) => errors.push(error),
    againMs: 5,
  });
  return {
    ...{ writer, deadline, gone, removed, errors, left, asked: () => asked },
    beforePiece: (work: () => void) => (beforePiece = work),
    async [Symbol.asyncDispose]() {
      gone.close();
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

const FILE = {
  ...{ mediaId: 'abc', userId: '@alice:example.org' as UserId, createdMs: 1, expiresMs: null },
  content: {
    ...{ mediaId: 'abc', uploadNid: 7, objectKey: null, bytes: 3 },
    ...{ contentType: 'text/plain', fileName: null, sha256: SHA256 },
  },
};
