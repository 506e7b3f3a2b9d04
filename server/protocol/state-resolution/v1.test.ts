import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Branch, ForkedRoom } from '../../../test/support/fork.ts';
import { ALICE, BOB, CAROL } from '../../../test/support/test-room.ts';

const TOPIC = { type: 'm.room.topic', stateKey: '' };
const USERS = { [ALICE]: 100, [BOB]: 50 };

const roomOfThree = (): { room: ForkedRoom; base: Branch } => {
  const room = new ForkedRoom('1');
  const base = room
    .begin()
    .member('alice', ALICE, 'join')
    .powerLevels('levels', { users: USERS })
    .joinRule('public', 'public')
    .member('bob', BOB, 'join')
    .member('carol', CAROL, 'join');
  return { room, base };
};

const sha1 = (id: string): string => createHash('sha1').update(id).digest('hex');

describe('in version 1', () => {
  test('the deepest event that is allowed is picked', () => {
    const { room, base } = roomOfThree();
    const high = base.fork().set('high', { ...TOPIC, depth: 10 });
    const deep = base.fork().set('deep', { ...TOPIC, depth: 11 });
    const byCarol = base.fork().set('by-carol', { ...TOPIC, depth: 12, sender: CAROL });
    expect(room.resolve(high, deep, byCarol).get('m.room.topic')).toBe('$deep');
  });

  test('of two as deep the one of the lower sha1(event_id) is picked', () => {
    const { room, base } = roomOfThree();
    const ids = ['$p', '$q', '$r', '$s'];
    const branches = ids.map((id) => base.fork().set(id.slice(1), { ...TOPIC, depth: 10 }));
    const lowest = ids.toSorted((a, b) => (sha1(a) < sha1(b) ? -1 : 1))[0];
    expect(room.resolve(...branches).get('m.room.topic')).toBe(lowest);
  });

  test('where none is allowed the least deep stays, so that the key is not lost', () => {
    const { room, base } = roomOfThree();
    const one = base.fork().set('one', { ...TOPIC, depth: 10, sender: CAROL });
    const two = base.fork().set('two', { ...TOPIC, depth: 11, sender: CAROL });
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$one');
  });

  test('power levels: each must be allowed by the one before, and the first refusal ends it', () => {
    const { room, base } = roomOfThree();
    const by = (id: string, depth: number, sender: string, users: Record<string, number>): Branch =>
      base.fork().set(id, {
        type: 'm.room.power_levels',
        stateKey: '',
        sender,
        depth,
        content: { users },
      });
    const first = by('first', 10, ALICE, { [ALICE]: 100, [BOB]: 50, [CAROL]: 1 });
    const allowed = by('allowed', 11, BOB, { [ALICE]: 100, [BOB]: 50 });
    const refused = by('refused', 12, BOB, { [ALICE]: 100, [BOB]: 51 });
    const late = by('late', 13, ALICE, { [ALICE]: 100 });
    expect(room.resolve(first, allowed).get('m.room.power_levels')).toBe('$allowed');
    expect(room.resolve(first, allowed, refused).get('m.room.power_levels')).toBe('$allowed');
    expect(room.resolve(first, refused, late).get('m.room.power_levels')).toBe('$first');
  });

  test('power levels are settled before join rules, these before members, and all before the rest', () => {
    const { room, base } = roomOfThree();
    const one = base
      .fork()
      .powerLevels('low', { users: USERS, events: { 'm.room.join_rules': 60 } })
      .joinRule('public-2', 'public')
      .member('dave-1', '@dave:d', 'join')
      .topic('topic-1', BOB);
    const two = base
      .fork()
      .powerLevels('high', { users: { [ALICE]: 100 }, events: { 'm.room.join_rules': 60 } })
      .joinRule('closed', 'invite')
      .member('dave-2', '@dave:d', 'join')
      .topic('topic-2', BOB);
    const resolved = room.resolve(one, two);
    expect(resolved.get('m.room.power_levels')).toBe('$high');
    expect(resolved.get('m.room.join_rules')).toBe('$closed');
    // The second join follows the first, which makes it a join of one who is joined.
    expect(resolved.get('m.room.member', '@dave:d')).toBe('$dave-2');
    // By now BOB may not set a topic, so that none of the two is allowed.
    expect(resolved.get('m.room.topic')).toBe('$topic-1');
  });

  test('each pass is judged by what the passes before it decided', () => {
    const { room, base } = roomOfThree();
    const one = base
      .fork()
      .powerLevels('levels-1', { users: USERS })
      .joinRule('closed', 'invite')
      .member('dave-out', '@dave:d', 'leave', ALICE);
    const two = base
      .fork()
      .powerLevels('levels-2', { users: USERS })
      .joinRule('opened', 'public', BOB)
      .member('dave-in', '@dave:d', 'join');
    const resolved = room.resolve(one, two);
    // Only by the power levels may BOB open the room, and only in an open room may DAVE join.
    expect(resolved.get('m.room.join_rules')).toBe('$opened');
    expect(resolved.get('m.room.member', '@dave:d')).toBe('$dave-in');
  });

  test('members of one pass do not see what became of each other', () => {
    const { room, base } = roomOfThree();
    const banned = base
      .fork()
      .member('bob-banned', BOB, 'ban', ALICE)
      .member('carol-back', CAROL, 'join');
    const kicking = base
      .fork()
      .member('bob-again', BOB, 'join')
      .member('carol-kicked', CAROL, 'leave', BOB);
    const forwards = room.resolve(banned, kicking);
    const backwards = room.resolve(kicking, banned);
    expect(forwards.state).toEqual(backwards.state);
  });

  test('an event that nobody can bring is as if it did not exist', () => {
    const { room, base } = roomOfThree();
    const [one, two] = [base.fork().topic('one'), base.fork().topic('two')];
    room.events.delete('$two' as never);
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$one');
  });
});
