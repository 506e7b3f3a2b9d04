import { expect, test } from 'vitest';
import type { Event } from '../../server/protocol/event.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import {
  isValidReplacement,
  latestReplacement,
  mayBeThreadRoot,
  referencesTo,
  summarizeThread,
} from './relations-by-the-book.ts';

const original = event({ eventId: '$original' });
const edit = (more: Fields = {}) =>
  event({
    eventId: '$edit',
    content: {
      'm.new_content': { body: 'new' },
      'm.relates_to': { rel_type: 'm.replace', event_id: '$original' },
    },
    ...more,
  });

test("an edit of one's own message is valid", () => {
  expect(isValidReplacement(original, edit())).toBe(true);
});

test.each<[string, Event, Event]>([
  ['from another room', original, edit({ roomId: '!other' })],
  ["of somebody else's message", original, edit({ sender: '@mallory:x' })],
  ['of another type', original, edit({ type: 'm.sticker' })],
  ['that is a state event', original, edit({ stateKey: '' })],
  ['of a state event', { ...original, stateKey: '' }, edit()],
  ['of an edit', edit({ eventId: '$original' }), edit()],
  ['without new content', original, edit({ content: relates('m.replace', '$original') })],
  [
    'of another event',
    original,
    edit({ content: relates('m.replace', '$else', { 'm.new_content': {} }) }),
  ],
  ['that relates to nothing', original, edit({ content: { 'm.new_content': {} } })],
  [
    'that is no edit',
    original,
    edit({ content: relates('m.thread', '$original', { 'm.new_content': {} }) }),
  ],
])('a replacement %s is ignored', (_what, before, after) => {
  expect(isValidReplacement(before, after)).toBe(false);
});

test("an encrypted replacement's new content is out of the server's sight", () => {
  const [before, after] = [
    event({ eventId: '$original', type: 'm.room.encrypted' }),
    edit({ type: 'm.room.encrypted', content: relates('m.replace', '$original') }),
  ];
  expect(isValidReplacement(before, after)).toBe(true);
});

test('the most recent replacement counts, and of two at one time that with the larger id', () => {
  const [old, a, b] = [
    edit({ eventId: '$z', originServerTs: 1 }),
    edit({ eventId: '$a', originServerTs: 2 }),
    edit({ eventId: '$b', originServerTs: 2 }),
  ];
  expect(latestReplacement(original, [b, old, a])).toBe(b);
  expect(latestReplacement(original, [a, b, old])).toBe(b);
  expect(latestReplacement(original, [old, b])).toBe(b);
  expect(latestReplacement(original, [])).toBeUndefined();
});

test('an invalid replacement does not count, however recent', () => {
  const forged = edit({ eventId: '$forged', sender: '@mallory:x', originServerTs: 9 });
  const valid = edit({ originServerTs: 1 });
  expect(latestReplacement(original, [forged, valid])).toBe(valid);
  expect(latestReplacement(original, [forged])).toBeUndefined();
});

test('a thread is summarized by its last event, its length, and whether the reader took part', () => {
  const first = event({
    eventId: '$1',
    sender: '@bob:x',
    content: relates('m.thread', '$original'),
  });
  const last = event({
    eventId: '$2',
    sender: '@carol:x',
    content: relates('m.thread', '$original'),
  });
  const other = event({ eventId: '$3', content: relates('m.thread', '$elsewhere') });
  expect(summarizeThread(original, [first, last, other], '@dave:x')).toEqual({
    latest: last,
    count: 2,
    currentUserParticipated: false,
  });
  expect(summarizeThread(original, [first], '@bob:x')?.currentUserParticipated).toBe(true);
  expect(summarizeThread(original, [first], original.sender)?.currentUserParticipated).toBe(true);
  expect(summarizeThread(original, [other], '@bob:x')).toBeUndefined();
});

test('only the events of the thread are summarized', () => {
  const inside = event({ eventId: '$1', content: relates('m.thread', '$original') });
  const outside = [
    event({ eventId: '$2', sender: '@dave:x' }),
    event({ eventId: '$3', sender: '@dave:x', content: relates('m.reference', '$original') }),
  ];
  expect(summarizeThread(original, [...outside, inside, ...outside], '@dave:x')).toEqual({
    latest: inside,
    count: 1,
    currentUserParticipated: false,
  });
});

test('an event that relates to another one starts no thread', () => {
  expect(mayBeThreadRoot(original)).toBe(true);
  expect(mayBeThreadRoot(edit())).toBe(false);
});

test('references are listed by event id', () => {
  const one = event({ eventId: '$1', content: relates('m.reference', '$original') });
  const two = event({ eventId: '$2', content: relates('m.reference', '$else') });
  const edited = event({ eventId: '$3', content: relates('m.replace', '$original') });
  const unrelated = event({ eventId: '$4' });
  expect(referencesTo(original, [one, two, edited, unrelated])).toEqual(['$1']);
});

type Fields = { [Key in keyof Event]?: Event[Key] extends string ? string : Event[Key] };

function relates(rel_type: string, event_id: string, more: JsonObject = {}): JsonObject {
  return { ...more, 'm.relates_to': { rel_type, event_id } };
}

function event(fields: Fields): Event {
  return {
    eventId: '$event',
    roomId: '!room',
    type: 'm.room.message',
    sender: '@alice:x',
    stateKey: undefined,
    content: { body: 'old' },
    prevEvents: [],
    authEvents: [],
    depth: 1,
    originServerTs: 1,
    redacts: undefined,
    rejected: false,
    pdu: {},
    ...fields,
  } as Event;
}
