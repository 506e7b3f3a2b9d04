import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { refusal, sharedRoomAt, sharedRoomOn } from '../../../test/support/shared-room.ts';
import type { JsonObject } from '../../protocol/json.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const SPACE = { creation_content: { type: 'm.space' } };
type Shared = Awaited<ReturnType<typeof sharedRoomAt>>;

const addChild = ({ here, roomId, token }: Shared, childId: string, content: JsonObject = {}) =>
  here.ask(`PUT /rooms/${encodeURIComponent(roomId)}/state/m.space.child/${childId}`, {
    ...{ token, body: { via: [here.name], ...content } },
  });

const ask = ({ roomId, ask: asks }: Shared, query = '') =>
  asks(`/hierarchy/${encodeURIComponent(roomId)}${query}`);

const idsOf = (rooms: unknown) => (rooms as JsonObject[]).map(({ room_id }) => room_id);

/** A space with a public room, one that is for its members, and one for nobody; and one that is not here. */
async function space(options: JsonObject = {}) {
  const root = await sharedRoomAt(authority, { isTheirsIn: false, ...SPACE, ...options });
  const room = (more: JsonObject) =>
    sharedRoomOn(root.here, root.there, root.token, { isTheirsIn: false, ...more });
  const open = await room({ name: 'Open' });
  const members = await room({ name: 'For members' });
  await members.set('m.room.join_rules', {
    ...{ join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: root.roomId }] },
  });
  const closed = await room({ preset: 'private_chat' });
  for (const child of [members, closed]) await addChild(root, child.roomId);
  await addChild(root, open.roomId, { suggested: true });
  await addChild(root, '!elsewhere:example.net');
  return { root, open, members, closed };
}

test('a server is told of a space and those children that its users could see or join', async () => {
  const { root, open, members, closed } = await space();
  const told = await ask(root);
  const room = told.room as JsonObject;
  expect(room).toMatchObject({ room_id: root.roomId, room_type: 'm.space' });
  expect((room.children_state as JsonObject[]).map(({ state_key }) => state_key).sort()).toEqual(
    [open.roomId, members.roomId, closed.roomId, '!elsewhere:example.net'].sort(),
  );
  expect(idsOf(told.children)).toEqual([open.roomId]);
  expect([...(told.inaccessible_children as string[])].sort()).toEqual(
    [members.roomId, closed.roomId].sort(),
  );
});

test('a room for the members of a space is told to a server of which one is in the space', async () => {
  const { root, open, members } = await space();
  await root.rooms.changeMembership(root.roomId, { ...root.theirs, action: 'join' }, {});
  expect(idsOf((await ask(root)).children).sort()).toEqual([open.roomId, members.roomId].sort());
});

test('who asks for what is suggested is told of that alone', async () => {
  const { root, open } = await space();
  const told = await ask(root, '?suggested_only=true');
  expect((told.room as { children_state: unknown[] }).children_state).toHaveLength(1);
  expect([idsOf(told.children), told.inaccessible_children]).toEqual([[open.roomId], []]);
});

test('of a space that nobody of the server could see it is told as little as of one that is not here', async () => {
  const { root } = await space({ preset: 'private_chat' });
  expect(await refusal(ask(root))).toEqual([404, 'M_NOT_FOUND']);
  const nowhere = { ...root, roomId: `!${'x'.repeat(43)}` as never };
  expect(await refusal(ask(nowhere))).toEqual([404, 'M_NOT_FOUND']);
});
