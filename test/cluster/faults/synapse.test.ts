import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { test } from 'vitest';
import type { RoomId } from '../../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../../server/protocol/json.ts';
import { findSynapse } from '../../differential/peer.ts';
import { type SynapseServer, startSynapse } from '../../differential/synapse-server.ts';
import { personAtSynapse } from '../../support/beside-synapse.ts';
import { type Ask, eachSeesOnce, talk } from '../../support/talk.ts';
import { untilWell } from '../support/farol.ts';
import { FRONT_PORT } from '../support/site-files.ts';
import { useCluster } from '../support/use-cluster.ts';

/** A room that the cluster shares with a real Synapse, which runs on this machine at the gateway of the sites. */

const python = findSynapse();
const cluster = useCluster({ sites: 3, federates: true });
const V3 = '/_matrix/client/v3';
const SAID = 15;

test.skipIf(python === undefined)(
  'over a power cut of the active site, and its return, no event is lost at the cluster or at Synapse, and none is doubled',
  async () => {
    const active = await untilWell(cluster());
    const { authority, plan, lan } = cluster();
    await using synapse = await startSynapse(python!, authority, { host: lan.ip(1) });
    await using ours = new Client(`https://${plan.address}:${FRONT_PORT}`, cluster().ca);
    const { room, alice, bob } = await sharedRoom(ours, synapse, plan.serverName);
    const onlookers = [
      { who: 'the cluster', ask: alice, room },
      { who: 'Synapse', ask: bob, room },
    ];
    const talks = {
      alice: talk(alice, room, 'alice', onlookers.slice(1)),
      bob: talk(bob, room, 'bob'),
    };
    const both = (count: number) => Promise.all([talks.alice.more(count), talks.bob.more(count)]);
    await both(SAID);
    const cut = performance.now();
    await active.powerOff();
    const behind = { msgtype: 'm.text', body: 'behind the cut' };
    await alice(`PUT /rooms/${room}/send/m.room.message/behind`, behind);
    const answeredMs = performance.now() - cut;
    await both(SAID);
    await active.powerOn();
    await both(SAID);
    await untilWell(cluster());
    const said = await Promise.all([talks.alice.end(), talks.bob.end()]);
    await eachSeesOnce(onlookers, [...said.flat(), behind.body], () => synapse.said());
    const counts = `${said[0]!.length} of ours, ${said[1]!.length} of Synapse's`;
    process.stdout.write(
      `beside Synapse: ours was acknowledged again ${(answeredMs / 1_000).toFixed(1)} s after the power cut; ${counts}, each once at both\n`,
    );
  },
);

/** Somebody at each, and what they ask. */
async function sharedRoom(ours: Client, synapse: SynapseServer, serverName: string) {
  const password = 'correct horse battery staple';
  const account = { username: 'alice', password, auth: { type: 'm.login.dummy' } };
  const token = (await ours.ask('POST /register', undefined, account)).access_token as string;
  const alice: Ask = (call, body) => ours.ask(call, token, body);
  const { room_id } = await alice('POST /createRoom', { preset: 'public_chat' });
  const room = encodeURIComponent(room_id as string);
  const bob = await personAtSynapse(synapse, 'bob');
  await bob.join(room_id as RoomId, { name: serverName });
  return { room, alice, bob: bob.ask };
}

/** By the floating address, as clients do: the same again, until there is an answer. */
class Client implements AsyncDisposable {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(origin: string, ca: string) {
    this.#origin = origin;
    this.#agent = new Agent({
      connect: { ca, timeout: 1_000 },
      ...{ headersTimeout: 5_000, bodyTimeout: 5_000 },
    });
  }

  async ask(call: string, token?: string, body?: JsonObject): Promise<JsonObject> {
    const [method, path] = call.split(' ') as ['GET', string];
    for (;;) {
      const answer = await request(`${this.#origin}${V3}${path}`, {
        ...{ method, dispatcher: this.#agent, body: body ? JSON.stringify(body) : null },
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      }).catch(() => undefined);
      const told = (await answer?.body.json().catch(() => undefined)) as JsonObject | undefined;
      if (answer?.statusCode === 200 && told) return told;
      if (answer && answer.statusCode < 500)
        throw new Error(`${call}: ${answer.statusCode} ${JSON.stringify(told)}`);
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
