import { describe, expect, test } from 'vitest';
import { type Branch, ForkedRoom } from '../../../test/support/fork.ts';
import { ALICE, BOB, CAROL, type Draft } from '../../../test/support/test-room.ts';
import { type RoomVersion, roomVersions } from '../room-versions.ts';

const MEMBER = 'm.room.member';
const POWER_LEVELS = 'm.room.power_levels';

/** A public room of three: ALICE made it, BOB has the level 50, CAROL none. */
const roomOfThree = (version: RoomVersion): { room: ForkedRoom; base: Branch } => {
  const room = new ForkedRoom(version);
  const base = room
    .begin()
    .member('alice', ALICE, 'join')
    .powerLevels('levels', levels(version, { [BOB]: 50 }))
    .joinRule('public', 'public')
    .member('bob', BOB, 'join')
    .member('carol', CAROL, 'join');
  return { room, base };
};

const levels = (version: RoomVersion, users: Record<string, number>) => ({
  users: version === '12' ? users : { [ALICE]: 100, ...users },
});

describe.each(roomVersions().filter((version) => version !== '1'))('in version %s', (version) => {
  test('a ban on one side removes what the banned did on the other', () => {
    const { room, base } = roomOfThree(version);
    const banned = base.fork().member('ban', BOB, 'ban', ALICE);
    const talking = base.fork().topic('topic', BOB);
    const resolved = room.resolve(banned, talking);
    expect(resolved.get(MEMBER, BOB)).toBe('$ban');
    expect(resolved.get('m.room.topic')).toBeUndefined();
  });

  test('who loses power on one side loses what it did on the other', () => {
    const { room, base } = roomOfThree(version);
    const demoted = base.fork().powerLevels('demoted', levels(version, { [BOB]: 0 }));
    const busy = base.fork().member('kick', CAROL, 'leave', BOB).topic('topic', BOB);
    const resolved = room.resolve(demoted, busy);
    expect(resolved.get(POWER_LEVELS)).toBe('$demoted');
    expect(resolved.get(MEMBER, CAROL)).toBe('$carol');
    expect(resolved.get('m.room.topic')).toBeUndefined();
  });

  test('of two who change power levels the one of more power goes first, and the other fails', () => {
    const { room, base } = roomOfThree(version);
    const byBob = base
      .fork()
      .powerLevels('by-bob', levels(version, { [BOB]: 50, [CAROL]: 50 }), BOB);
    const byAlice = base.fork().powerLevels('by-alice', levels(version, { [BOB]: 49 }));
    expect(room.resolve(byBob, byAlice).get(POWER_LEVELS)).toBe('$by-alice');
  });

  test('of two moderators the one of more power acts first, though the other was earlier', () => {
    const { room, base } = roomOfThree(version);
    base.powerLevels('three', levels(version, { [BOB]: 60, [CAROL]: 50 }));
    base.member('dave', '@dave:d', 'join');
    const act = (target: string, sender: string, membership: string, originServerTs: number) => ({
      type: MEMBER,
      stateKey: target,
      sender,
      content: { membership },
      originServerTs,
    });
    const kicked = base.fork().set('kick', act('@dave:d', CAROL, 'leave', 10));
    const banned = base.fork().set('ban', act(CAROL, BOB, 'ban', 20));
    const resolved = room.resolve(kicked, banned);
    expect(resolved.get(MEMBER, CAROL)).toBe('$ban');
    expect(resolved.get(MEMBER, '@dave:d')).toBe('$dave');
  });

  test('a room closed on one side keeps out who joined on the other', () => {
    const { room, base } = roomOfThree(version);
    const closed = base.fork().joinRule('closed', 'invite');
    const joined = base.fork().member('dave', '@dave:d', 'join');
    const resolved = room.resolve(closed, joined);
    expect(resolved.get('m.room.join_rules')).toBe('$closed');
    expect(resolved.get(MEMBER, '@dave:d')).toBeUndefined();
  });

  test('of two topics the one by newer power levels stays, and of the same the later', () => {
    const { room, base } = roomOfThree(version);
    const newer = base
      .fork()
      .powerLevels('newer', levels(version, { [BOB]: 51 }))
      .topic('new');
    const later = base.fork().topic('later');
    expect(room.resolve(newer, later).get('m.room.topic')).toBe('$new');
    const earlier = base
      .fork()
      .set('early', { type: 'm.room.topic', stateKey: '', originServerTs: 1 });
    expect(room.resolve(later, earlier).get('m.room.topic')).toBe('$later');
  });

  test('of two at the same time the one of the greater event id stays', () => {
    const { room, base } = roomOfThree(version);
    const at = { type: 'm.room.topic', stateKey: '', originServerTs: 7 };
    const [a, b] = [base.fork().set('a', at), base.fork().set('b', at)];
    expect(room.resolve(a, b).get('m.room.topic')).toBe('$b');
    // U+FF5E is before U+1F600, though its UTF-16 units are not.
    const [c, d] = [base.fork().set('～', at), base.fork().set('😀', at)];
    expect(room.resolve(c, d).get('m.room.topic')).toBe('$😀');
  });

  test('an event that nobody can bring is as if it did not exist', () => {
    const { room, base } = roomOfThree(version);
    const [one, two] = [base.fork().topic('one'), base.fork().topic('two')];
    room.events.delete(two.get('m.room.topic') as never);
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$one');
  });

  test('an event of another room has no part in it', () => {
    const { room, base } = roomOfThree(version);
    const one = base.fork().topic('one');
    const two = base.fork().set('two', { type: 'm.room.topic', stateKey: '', roomId: '!other:a' });
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$one');
  });

  test('an event that was rejected on receipt is judged like the others', () => {
    const { room, base } = roomOfThree(version);
    const one = base.fork().topic('one');
    const two = base.fork().set('two', { type: 'm.room.topic', stateKey: '', rejected: true });
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$two');
  });

  test('a rejected auth event does not authorize what the state does not', () => {
    const { room, base } = roomOfThree(version);
    base.powerLevels('all', levels(version, { '@dave:d': 50 }));
    const member = { type: MEMBER, sender: '@dave:d', stateKey: '@dave:d' };
    const join = base.event('dave', { ...member, content: { membership: 'join' } });
    const authEvents = [
      ...base.event('x', { type: 'm.room.topic', sender: '@dave:d' }).authEvents,
      join.eventId,
    ];
    const topic = { type: 'm.room.topic', sender: '@dave:d', stateKey: '', authEvents };
    const [one, two] = [base.fork().set('one', topic), base.fork().set('two', topic)];
    expect(room.resolve(one, two).get('m.room.topic')).toBe('$two');
    room.events.set(join.eventId, { ...join, rejected: true });
    expect(room.resolve(one, two).get('m.room.topic')).toBeUndefined();
  });

  test('power levels that name each other in a circle do not go on for ever', () => {
    const { room, base } = roomOfThree(version);
    const circle = base
      .fork()
      .powerLevels('c1', levels(version, {}))
      .powerLevels('c2', levels(version, {}))
      .topic('one');
    const first = room.events.get('$c1' as never)!;
    room.events.set(first.eventId, { ...first, authEvents: ['$c2' as never] });
    for (const other of [base.fork().topic('two'), circle.fork().topic('two')]) {
      expect(room.resolve(circle, other).get(MEMBER, ALICE)).toBe('$alice');
    }
  });
});

/** BOB left before the fork, but an event of his on one side still names the join before that. */
describe('an event that names older state than the states agree on', () => {
  const resolveIn = (version: RoomVersion): (string | undefined)[] => {
    const { room, base } = roomOfThree(version);
    const left = base.fork().member('bob-left', BOB, 'leave');
    const stale = (id: string, draft: Draft): Draft => ({
      ...draft,
      authEvents: base.event(`${id}-draft`, draft).authEvents,
    });
    const kick = { type: MEMBER, sender: BOB, stateKey: CAROL, content: { membership: 'leave' } };
    const topic = { type: 'm.room.topic', sender: BOB, stateKey: '' };
    const one = left.fork().topic('one');
    const two = left.fork().set('kick', stale('kick', kick)).set('two', stale('two', topic));
    const resolved = room.resolve(one, two);
    return [resolved.get(MEMBER, CAROL), resolved.get('m.room.topic')];
  };

  test('is judged by what they agree on before version 12', () => {
    expect(resolveIn('11')).toEqual(['$carol', '$one']);
  });

  test('is judged by what it names in version 12', () => {
    expect(resolveIn('12')).toEqual(['$kick', '$two']);
  });
});

/**
 * MSC4297, problem A in short: the join rules were closed after BOB had joined; on one side a server
 * lost BOB's join from its state. No conflict names the join rules, so v2 judged BOB's old join by
 * the room of today.
 */
describe('who joined long ago, when the room was open, and conflicts now', () => {
  const resolveIn = (version: RoomVersion): string | undefined => {
    const { room, base } = roomOfThree(version);
    const closed = base.joinRule('closed', 'invite');
    const without = closed.fork();
    without.state.delete([...closed.state].find(([, id]) => id === '$bob')![0]);
    return room.resolve(closed, without).get(MEMBER, BOB);
  };

  test('is thrown out of a room of version 11', () => {
    expect(resolveIn('11')).toBeUndefined();
  });

  test('stays in a room of version 12, which begins with an empty state', () => {
    expect(resolveIn('12')).toBe('$bob');
  });
});
