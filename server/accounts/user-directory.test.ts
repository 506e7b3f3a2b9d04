import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { alice, bob, bringIn, carol, openRooms } from '../../test/support/rooms.ts';
import { commitRows } from '../log/commit-rows.ts';
import { profileFieldRow } from '../storage/accounts/profile-fields.ts';
import { UserDirectory } from './user-directory.ts';

/** Bob shares a room with Alice; Carol is alone in a room of this preset. */
async function neighbourhood(preset: 'private_chat' | 'public_chat') {
  const fresh = await freshDatabase();
  const house = await openRooms(fresh);
  const shared = await house.rooms.create(alice, { preset: 'private_chat' }, {});
  await bringIn(house, shared, bob);
  await house.rooms.create(carol, { preset }, {});
  const rows = [
    profileFieldRow(bob, 'displayname', JSON.stringify('Robert "100%" Öztürk')),
    profileFieldRow(bob, 'avatar_url', '"mxc://example.org/bob"'),
  ];
  await commitRows(house.writer, rows);
  const directory = new UserDirectory(fresh.database);
  return {
    find: async (term: string, limit = 10) => {
      const { results, limited } = await directory.search(alice, term, limit);
      return { ids: (results as { user_id: string }[]).map((each) => each.user_id), limited };
    },
    directory,
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

test('who shares a room is found by id and by name, whatever the case', async () => {
  await using here = await neighbourhood('private_chat');
  for (const term of ['bob', 'BOB', '@bob:ex', 'robert', 'öztürk', '"100%"'])
    expect([term, (await here.find(term)).ids]).toEqual([term, [bob]]);
  expect(await here.directory.search(alice, 'bob', 10)).toEqual({
    results: [
      {
        user_id: bob,
        display_name: 'Robert "100%" Öztürk',
        avatar_url: 'mxc://example.org/bob',
      },
    ],
    limited: false,
  });
});

test('nobody finds themselves', async () => {
  await using here = await neighbourhood('public_chat');
  expect((await here.find('alice')).ids).toEqual([]);
});

test('a percent sign is a letter, and not any text', async () => {
  await using here = await neighbourhood('private_chat');
  expect((await here.find('b%b')).ids).toEqual([]);
});

test('who is near nobody is found by nobody, unless in a room that is open to all', async () => {
  await using hidden = await neighbourhood('private_chat');
  expect((await hidden.find('carol')).ids).toEqual([]);
  await using open = await neighbourhood('public_chat');
  expect((await open.find('carol')).ids).toEqual([carol]);
});

test('a list that is cut says so, and whose name begins with the term stands first', async () => {
  await using here = await neighbourhood('public_chat');
  expect(await here.find('o')).toEqual({ ids: [bob, carol], limited: false });
  expect(await here.find('o', 1)).toEqual({ ids: [bob], limited: true });
  expect((await here.find('r')).ids).toEqual([bob, carol]);
});
