import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { ALICE, BOB, CAROL, TestRoom } from '../../../test/support/test-room.ts';
import { authEventKeys } from '../auth-events.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { roomVersions } from '../room-versions.ts';

const KEYS = [
  'membership',
  'join_authorised_via_users_server',
  'third_party_invite',
  'signed',
  'mxid',
  'token',
  'signatures',
  'public_key',
  'public_keys',
  'join_rule',
  'creator',
  'additional_creators',
  'm.federate',
  'room_version',
  'users',
  'events',
  'notifications',
  'users_default',
  'ban',
  'invite',
  ALICE,
  BOB,
  '__proto__',
];

const { value } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('join', 'invite', 'ban', 'knock', 'restricted', 'public', ALICE, BOB, '', '12'),
    fc.constantFrom(null, true, false, 0, -1, 50, 1.5, 1e300),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5 }),
}));

const content = fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 6 });

const draft = fc.record({
  type: fc.constantFrom(
    'm.room.create',
    'm.room.member',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.third_party_invite',
    'm.room.aliases',
    'm.room.redaction',
  ),
  sender: fc.constantFrom(ALICE, BOB, CAROL),
  stateKey: fc.constantFrom('', ALICE, BOB, 'token'),
  content,
});

test.each(roomVersions())('no content makes the rules of version %s fail', (version) => {
  fc.assert(
    fc.property(fc.array(draft, { maxLength: 8 }), draft, (state, judged) => {
      const room = new TestRoom(version);
      for (const each of state) room.put(each);
      const verdict = room.judge({ ...judged, pdu: { signatures: { b: {} } } });
      expect(verdict.allowed || verdict.reason !== '').toBe(true);
      expect(authEventKeys(room.make(judged), room.rules).length).toBeLessThan(8);
    }),
    { numRuns: 500 },
  );
});
