import { expect, test } from 'vitest';
import type { JsonValue } from '../json.ts';
import { relationOf } from './relation.ts';

const relation = (relates: JsonValue) => relationOf({ 'm.relates_to': relates });

test('an annotation says what it relates to, how, and with which key', () => {
  expect(relation({ rel_type: 'm.annotation', event_id: '$a', key: '👍' })).toEqual({
    relType: 'm.annotation',
    eventId: '$a',
    key: '👍',
  });
  expect(relation({ rel_type: 'm.annotation', event_id: '$a', key: 1 })?.key).toBeUndefined();
});

test.each<[JsonValue]>([
  ['$a'],
  [null],
  [{ event_id: '$a' }],
  [{ rel_type: 1, event_id: '$a' }],
  [{ rel_type: 'm.thread' }],
  [{ rel_type: 'm.thread', event_id: 1 }],
])('an m.relates_to of %j relates to nothing', (relates) => {
  expect(relation(relates)).toBeUndefined();
});
