import { describe, onTestFinished, test } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import { personAtSynapse } from '../support/beside-synapse.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { killedFederating } from '../support/killed-federating.ts';
import { type Ask, eachSeesOnce, talk } from '../support/talk.ts';
import { findSynapse } from './peer.ts';
import { type SynapseServer, startSynapse } from './synapse-server.ts';

const python = findSynapse();
const KILLS = 3;
const BETWEEN_KILLS = 15;

describe.skipIf(python === undefined)('with Synapse', () => {
  test('over SIGKILLs of ours in mid-conversation no event is lost on either side, and none is doubled', async () => {
    const { ours, synapse } = await bothSides(python!);
    const alice = await ours.register('alice');
    const bob = await personAtSynapse(synapse, 'bob');
    const { room_id } = await ours.ask('POST /createRoom', alice, { preset: 'public_chat' });
    const room = encodeURIComponent(room_id as string);
    await bob.join(room_id as RoomId, ours);
    const askOurs: Ask = (call, body) => ours.ask(call, alice, body);
    const onlookers = [
      { who: 'ours', ask: askOurs, room },
      { who: 'Synapse', ask: bob.ask, room },
    ];
    const talks = {
      alice: talk(askOurs, room, 'alice', onlookers.slice(1)),
      bob: talk(bob.ask, room, 'bob'),
    };
    for (let kills = 0; kills < KILLS; kills += 1) {
      await talks.alice.more(BETWEEN_KILLS);
      await ours.kill();
      await talks.bob.more(BETWEEN_KILLS);
      await ours.start();
    }
    await talks.alice.more(BETWEEN_KILLS);
    const said = await Promise.all([talks.alice.end(), talks.bob.end()]);
    const told = () => `${ours.sent.slice(-100).join('\n')}\n${ours.said()}`;
    await eachSeesOnce(onlookers, said.flat(), told);
  }, 600_000);
});

async function bothSides(at: string) {
  const authority = await certificateAuthority();
  const synapse: SynapseServer = await startSynapse(at, authority);
  onTestFinished(() => synapse[Symbol.asyncDispose]());
  const ours = await killedFederating(authority, [synapse.name]);
  await ours.start();
  return { ours, synapse };
}
