import { expect, test } from 'vitest';
import { keyOf } from '../../../test/support/foreign-server.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { ownEvent as madeEvent } from '../../protocol/own-event.ts';
import { roomVersions, rulesOf } from '../../protocol/room-versions.ts';
import { addSignature } from '../../protocol/signatures.ts';
import { ownEvent } from './received-state.ts';

const [here, far] = ['example.org', 'far.example'];
const alice = `@alice:${here}`;

test.each(roomVersions())(
  'of what is answered to a join signatures are taken, and nothing that it says (version %s)',
  (version) => {
    const rules = rulesOf(version)!;
    const made = madeEvent(join(version), rules, here, keyOf(here));
    if (!made.ok) throw new Error(made.reason);
    const own = made.value;
    const signed = addSignature(own.pdu, rules, far, keyOf(far));
    expect(ownEvent(signed, own, rules).pdu).toEqual(signed);
    // No signature covers it, nor the hash that its id is made of.
    const altered = { ...signed, content: { membership: 'join', displayname: 'Mallory' } };
    expect(ownEvent(altered, own, rules)).toBe(own);
  },
);

const join = (version: string): JsonObject => ({
  ...{ type: 'm.room.member', sender: alice, state_key: alice, room_id: `!${'r'.repeat(43)}` },
  content: { membership: 'join', displayname: 'Alice' },
  ...{ auth_events: [], prev_events: [], depth: 2, origin_server_ts: 1 },
  ...(['1', '2'].includes(version) && { event_id: `$one:${here}` }),
});
