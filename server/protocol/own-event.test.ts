import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { ownEvent } from './own-event.ts';
import { parseEvent } from './parse-event.ts';
import { rulesOf } from './room-versions.ts';
import { type SigningKey, signingKeyFromSeed } from './signatures.ts';

const KEY = signingKeyFromSeed('ed25519:1', Buffer.alloc(32, 1));
const RULES = rulesOf('11')!;

const sayingOf = (content: Record<string, string>) => ({
  ...{ type: 'm.room.message', sender: '@alice:here', room_id: '!room:here', content },
  ...{ auth_events: [], prev_events: [], depth: 1, origin_server_ts: 1 },
});

test('an event of ours is signed, and is what others make of it', () => {
  const made = ownEvent(sayingOf({ body: 'x' }), RULES, 'here', KEY);
  if (!made.ok) throw new Error(made.reason);
  expect(made.value.pdu.signatures).toMatchObject({ here: { 'ed25519:1': expect.any(String) } });
  expect(made.value.eventId).toMatch(/^\$[\w-]{43}$/);
});

test('an event of ours is written once for all to whom it goes, and one of others is not kept as text', () => {
  const made = ownEvent({ ...sayingOf({ z: 'x', a: 'ü' }), unsigned: {} }, RULES, 'here', KEY);
  if (!made.ok) throw new Error(made.reason);
  const { pdu, canonical } = made.value;
  expect(canonical).toBe(canonicalJson(pdu));
  expect(canonical).not.toContain('unsigned');
  expect(parseEvent(pdu, RULES)).toMatchObject({ ok: true, value: { canonical: undefined } });
});

test('what is surely too large is refused without being signed', () => {
  let signs = 0;
  const counting: SigningKey = {
    ...KEY,
    get privateKey() {
      signs++;
      return KEY.privateKey;
    },
  };
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, 'x']));
  const reason = 'the event has more than 65536 bytes';
  expect(ownEvent(sayingOf(many), RULES, 'here', counting)).toEqual({ ok: false, reason });
  expect(signs).toBe(0);
  expect(ownEvent(sayingOf({ body: 'x' }), RULES, 'here', counting).ok).toBe(true);
  expect(signs).toBe(1);
});
