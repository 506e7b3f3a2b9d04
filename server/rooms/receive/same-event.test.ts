import { expect, test } from 'vitest';
import { keyOf } from '../../../test/support/foreign-server.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { redact } from '../../protocol/redaction.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';
import { isSameEvent } from './same-event.ts';

const rules = rulesOf('1')!;
const far = 'far.example';

test('what claims the content hash of another event by its id is not that event', () => {
  const there = powerLevels({ users: { '@dora:far.example': 100 } });
  const unlike = { ...there, content: { users: { '@dora:far.example': 50 } } };
  expect(isSameEvent({ pdu: there }, { pdu: unlike }, rules)).toBe(false);
});

test('what a redaction leaves of an event is that event, whoever else signs it', () => {
  const there = powerLevels({ users: {}, 'com.example.note': 'taken by a redaction' });
  const signatures = { ...(there.signatures as JsonObject), 'off.example': { 'ed25519:1': 'x' } };
  const redacted = { ...redact(there, rules), signatures };
  expect(isSameEvent({ pdu: there }, { pdu: redacted }, rules)).toBe(true);
});

const powerLevels = (content: JsonObject): JsonObject =>
  signEvent(
    {
      ...{ type: 'm.room.power_levels', state_key: '', sender: '@dora:far.example', content },
      ...{ event_id: '$one:far.example', room_id: '!r:far.example' },
      ...{ auth_events: [], prev_events: [], depth: 1, origin_server_ts: 1 },
    },
    rules,
    far,
    keyOf(far),
  );
