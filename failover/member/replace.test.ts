import { expect, test } from 'vitest';
import { type Member, replaceMember } from './replace.ts';

const OWN = { name: 'b', peerUrl: 'https://b:2380', mayOnlyListen: false };
const member = (name: string, id = `id of ${name}`): Member => ({
  ...{ id, name, learner: false },
  peerUrl: `https://${name}:2380`,
});

test('a damaged member is taken out, its data set aside, and is in again under another id before it starts', async () => {
  const world = worldWith(['a', 'b', 'c']);
  await world.replace();
  expect(world.done).toEqual(['begin', 'remove id of b', 'set aside', 'add https://b:2380']);
  expect(world.rejoins).toBe('a=https://a:2380,b=https://b:2380,c=https://c:2380');
});

test('where no site goes on alone nothing is asked between taking out and taking in: a question that fails would leave it out', async () => {
  const world = worldWith(['a', 'b', 'c']);
  await world.replace();
  expect(world.listed).toEqual([0, 3]);
});

test('without a majority of the others nothing is touched', async () => {
  const world = worldWith(['a', 'b', 'c']);
  world.failsAt = 'list';
  await expect(world.replace()).rejects.toThrow();
  expect(world.done).toEqual([]);
});

test.each(['remove', 'set aside', 'add', 'rejoin'])(
  'cut off at "%s" it is brought to its end by the next start, under an id that has confirmed nothing',
  async (failsAt) => {
    const world = worldWith(['a', 'b', 'c']);
    world.failsAt = failsAt;
    await expect(world.replace()).rejects.toThrow();
    world.failsAt = null;
    await world.replace();
    expect(world.members.map(({ id }) => id)).toEqual(['id of a', 'id of c', world.added]);
    expect(world.done.filter((each) => each === 'remove id of b')).toHaveLength(1);
    expect(world.done.at(-1)).toMatch(/^add /);
    expect(world.done).toContain('set aside');
    expect(world.rejoins).toContain('b=https://b:2380');
  },
);

test('beside a single one that votes it listens, where somebody will let it vote; else it votes', async () => {
  const learns = async (names: string[], mayOnlyListen: boolean) => {
    const world = worldWith(names);
    await world.replace({ ...OWN, mayOnlyListen });
    return world.members.at(-1)?.learner;
  };
  expect(await learns(['a', 'b'], true)).toBe(true);
  expect(await learns(['a'], true)).toBe(true);
  expect(await learns(['a', 'b'], false)).toBe(false);
  expect(await learns(['a', 'b', 'c'], true)).toBe(false);
});

function worldWith(names: readonly string[]) {
  const world = {
    members: names.map((name) => member(name)),
    done: [] as string[],
    /** How much was done before each question. */
    listed: [] as number[],
    failsAt: null as string | null,
    rejoins: null as string | null,
    added: '',
    ids: 0,
    replace: (own = OWN) => replaceMember(own, members, data),
  };
  const act = async (what: string, change: () => void, told = what): Promise<void> => {
    if (world.failsAt === what) throw new Error(`${what} failed`);
    change();
    if (told !== 'rejoin') world.done.push(told);
  };
  const members = {
    list: async () => {
      if (world.failsAt === 'list') throw new Error('etcdserver: no leader');
      world.listed.push(world.done.filter((each) => each !== 'begin').length);
      return world.members;
    },
    remove: (id: string) =>
      act(
        'remove',
        () => (world.members = world.members.filter((each) => each.id !== id)),
        `remove ${id}`,
      ),
    add: (peerUrl: string, learner: boolean) =>
      act(
        'add',
        () => {
          world.added = `new ${++world.ids}`;
          world.members.push({ id: world.added, name: '', peerUrl, learner });
        },
        `add ${peerUrl}`,
      ),
  };
  const data = {
    begin: () => act('begin', () => undefined),
    setAside: () => act('set aside', () => undefined),
    rejoin: (with_: string) => act('rejoin', () => (world.rejoins = with_)),
  };
  return world;
}
