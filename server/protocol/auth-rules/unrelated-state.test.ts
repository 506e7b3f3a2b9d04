import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { ALICE, BOB, CAROL, TestRoom } from '../../../test/support/test-room.ts';
import { authEventKeys } from '../auth-events.ts';
import { stateKeyOf } from '../event.ts';
import type { JsonObject } from '../json.ts';
import { roomVersions } from '../room-versions.ts';
import { authorize } from './authorize.ts';

const user = fc.constantFrom(ALICE, BOB, CAROL);
const membership = fc.constantFrom('join', 'invite', 'leave', 'ban', 'knock');
const level = fc.constantFrom(0, 49, 50, 100);

const content: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record(
    {
      membership,
      join_authorised_via_users_server: user,
      third_party_invite: fc.constant({ signed: { mxid: BOB, token: 'token' } }),
    },
    { requiredKeys: ['membership'] },
  ),
  fc.record({ join_rule: fc.constantFrom('public', 'invite', 'knock', 'restricted') }),
  fc.record({ users: fc.dictionary(user, level), ban: level, state_default: level }),
);

const stateEvent = fc.record({
  type: fc.constantFrom(
    'm.room.member',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.third_party_invite',
    'm.room.topic',
  ),
  sender: user,
  stateKey: fc.oneof(user, fc.constantFrom('', 'token')),
  content,
});

test.each(roomVersions())(
  'the verdict in version %s depends on no state but the create event and what is selected',
  (version) => {
    fc.assert(
      fc.property(fc.array(stateEvent, { maxLength: 20 }), stateEvent, (state, draft) => {
        const room = new TestRoom(version);
        for (const each of state) room.put(each);
        const event = room.make({ ...draft, pdu: { signatures: { b: {}, c: {} } } });
        const selected = new Set([
          stateKeyOf('m.room.create', ''),
          ...authEventKeys(event, room.rules).map(([type, key]) => stateKeyOf(type, key)),
        ]);
        const get = (type: string, key: string) =>
          selected.has(stateKeyOf(type, key)) ? room.get(type, key) : undefined;
        const verdict = authorize(event, room, room.rules);
        expect(authorize(event, { get }, room.rules)).toEqual(verdict);
      }),
      { numRuns: 400 },
    );
  },
);
