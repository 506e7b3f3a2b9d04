import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { personAtSynapse } from '../support/beside-synapse.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { type KilledFederating, killedFederating } from '../support/killed-federating.ts';
import { type Ask, eachSeesOnce, seenBy, talk } from '../support/talk.ts';
import { findSynapse } from './peer.ts';
import { type SynapseServer, startSynapse } from './synapse-server.ts';

/**
 * What "An investigation into fault tolerance in the Synapse communication server" (WTF 2025,
 * https://sol.sbc.org.br/index.php/wtf/article/view/35648) did to three Synapses, with ours in the middle: killed, powered off,
 * restored. The other two are real ones that wait for ten minutes where somebody was away, as Synapse does unless told otherwise.
 */
const THEIRS = 'seconds to 15 minutes';
const python = findSynapse();
const enc = encodeURIComponent;
/** For whoever is back, so that the others need not find it out. */
const RESUMED_WITHIN_MS = 30_000;

describe.skipIf(python === undefined)('three homeservers, ours in the middle', () => {
  test('over a SIGKILL and a power cut of the middle one nothing is lost or doubled on any, and the others resume at once', async () => {
    const { ours, north, south } = await threeServers(python!);
    const people = await peopleIn({ ours, north, south });
    const [left, , right] = people;
    const talks = people.map(({ ask, room, who }) =>
      // Ours is the faster by far.
      talk(ask, room, who, who === 'mid' ? [left!, right!] : []),
    );
    const moreOfAll = (count: number) => Promise.all(talks.map((each) => each.more(count)));
    const [first, , last] = talks;
    await moreOfAll(5);

    await ours.kill();
    const killed = await timed(async () => {
      await ours.start();
      await talks[1]!.more(1);
    });
    await moreOfAll(5);

    ours.dark = true;
    await ours.kill();
    // The others go on without it, until both have given it up.
    const beside = await timed(() => Promise.all([first!.more(1), last!.more(1)]));
    for (const each of [north, south]) await hasGivenUp(each, ours.name);
    await Promise.all([first!.more(5), last!.more(5)]);
    const missed = (await Promise.all([first!.end(), last!.end()])).flat();

    ours.dark = false;
    const restored = await timed(async () => {
      await ours.start();
      await talks[1]!.more(1);
    });
    const [, middle] = people;
    const caughtUp = await timed(() =>
      vi.waitFor(
        async () =>
          expect(await seenBy(middle!.ask, middle!.room)).toEqual(expect.arrayContaining(missed)),
        { interval: 200 },
      ),
    );
    expect(caughtUp).toBeLessThan(RESUMED_WITHIN_MS);
    await eachSeesOnce(people, [...missed, ...(await talks[1]!.end())], () => ours.said());
    console.log(
      [
        `killed: it answers its own again after ${seconds(killed)}`,
        `powered off: the others talk on after ${seconds(beside)}`,
        `restored: it answers its own after ${seconds(restored)}, and has all that it missed ${seconds(caughtUp)} later`,
        `the paper, three Synapses: ${THEIRS}`,
      ].join('\n'),
    );
  }, 600_000);
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

async function timed(deed: () => Promise<unknown>): Promise<number> {
  const beginMs = performance.now();
  await deed();
  return performance.now() - beginMs;
}

async function threeServers(at: string) {
  const authority = await certificateAuthority();
  const [north, south] = await Promise.all(
    [0, 1].map(() => startSynapse(at, authority, { backsOff: true })),
  );
  for (const each of [north!, south!]) onTestFinished(() => each[Symbol.asyncDispose]());
  const ours = await killedFederating(authority, [north!.name, south!.name]);
  await ours.start();
  return { ours, north: north!, south: south! };
}

interface Three {
  readonly ours: KilledFederating;
  readonly north: SynapseServer;
  readonly south: SynapseServer;
}

/** One at each, in a room that is of the middle one. */
async function peopleIn({ ours, north, south }: Three) {
  const token = await ours.register('mid');
  const { room_id } = await ours.ask('POST /createRoom', token, { preset: 'public_chat' });
  const room = enc(room_id as string);
  const at = async (synapse: SynapseServer, who: string) => {
    const person = await personAtSynapse(synapse, who);
    await person.join(room_id as RoomId, ours);
    return { who, ask: person.ask, room };
  };
  const askOurs: Ask = (call, body) => ours.ask(call, token, body);
  const [left, right] = [await at(north, 'north'), await at(south, 'south')];
  return [left, { who: 'mid', ask: askOurs, room }, right];
}

/** It pauses before it tries that one again. */
async function hasGivenUp(synapse: SynapseServer, name: string): Promise<void> {
  const token = await synapse.register(`root${Math.random().toString(36).slice(2)}`, {
    admin: true,
  });
  const path = `/_synapse/admin/v1/federation/destinations/${enc(name)}`;
  await vi.waitFor(
    async () => {
      const told = (await synapse.ask(`GET ${path}`, { token })) as JsonObject;
      expect(told.retry_interval).toBeGreaterThan(60_000);
    },
    { timeout: 180_000, interval: 500 },
  );
}
