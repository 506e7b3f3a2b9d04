import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { JsonObject } from '../../server/protocol/json.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { killedProgram } from '../support/killed-program.ts';
import { freshDatabase } from '../support/postgres.ts';
import { listenByTls } from '../support/tls-server.ts';
import { pagedBack } from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';
import { type SynapseServer, startSynapse } from './synapse-server.ts';

const python = findSynapse();
const KILLS = 3;
const BETWEEN_KILLS = 15;
const V3 = '/_matrix/client/v3';

describe.skipIf(python === undefined)('with Synapse', () => {
  test('over SIGKILLs of ours in mid-conversation no event is lost on either side, and none is doubled', async () => {
    const { ours, synapse, sent } = await bothSides(python!);
    const alice = await ours.register('alice');
    const bob = await synapse.register('bob');
    const { room_id } = await ours.ask('POST /createRoom', alice, { preset: 'public_chat' });
    const room = encodeURIComponent(room_id as string);
    const via = `server_name=${encodeURIComponent(ours.name)}`;
    await synapse.ask(`POST ${V3}/join/${room}?${via}`, { token: bob, body: {} });
    const askSynapse = (call: string, body?: JsonObject) =>
      synapse.ask(call.replace(' ', ` ${V3}`), { token: bob, ...(body && { body }) });
    const askOurs = (call: string, body?: JsonObject) => ours.ask(call, alice, body);
    const talks = { alice: talk(askOurs, room, 'alice'), bob: talk(askSynapse, room, 'bob') };
    for (let kills = 0; kills < KILLS; kills += 1) {
      await talks.alice.more(BETWEEN_KILLS);
      await ours.kill();
      await talks.bob.more(BETWEEN_KILLS);
      await ours.start();
    }
    await talks.alice.more(BETWEEN_KILLS);
    const said = await Promise.all([talks.alice.end(), talks.bob.end()]);
    const all = said.flat().sort();
    for (const [who, ask] of [['ours', askOurs] as const, ['Synapse', askSynapse] as const])
      await vi
        .waitFor(async () => expect(await seenBy(ask, room)).toEqual(all), { interval: 500 })
        .catch((cause: unknown) => {
          const told = `${sent.slice(-100).join('\n')}\n${ours.said()}`;
          throw new Error(`${who} lacks something, or has it twice\n${told}`, { cause });
        });
  }, 600_000);
});

type Ask = (call: string, body?: JsonObject) => Promise<JsonObject>;

/** Somebody who says one thing after the other, each until it is acknowledged. */
function talk(ask: Ask, room: string, who: string) {
  const said: string[] = [];
  let isOver = false;
  const talking = (async () => {
    while (!isOver) {
      const body = `${who} ${said.length}`;
      const path = `/rooms/${room}/send/m.room.message/${who}${said.length}`;
      await ask(`PUT ${path}`, { msgtype: 'm.text', body });
      said.push(body);
      // Neither need outrun the other by thousands.
      await sleep(20);
    }
  })();
  talking.catch(() => {});
  return {
    /** Resolves when so much more is said. */
    async more(count: number): Promise<void> {
      const target = said.length + count;
      const reached = vi.waitFor(() => expect(said.length).toBeGreaterThanOrEqual(target));
      await Promise.race([reached, talking]);
    },
    async end(): Promise<readonly string[]> {
      isOver = true;
      await talking;
      return said;
    },
  };
}

async function seenBy(ask: Ask, room: string): Promise<unknown[]> {
  const events = await pagedBack((query) => ask(`GET /rooms/${room}/messages?${query}`), 100);
  const messages = events.filter(({ type }) => type === 'm.room.message');
  return messages.map(({ content }) => (content as JsonObject).body).sort();
}

async function bothSides(at: string) {
  const authority = await certificateAuthority();
  const synapse: SynapseServer = await startSynapse(at, authority);
  onTestFinished(() => synapse[Symbol.asyncDispose]());
  const fresh = await freshDatabase();
  onTestFinished(() => fresh[Symbol.asyncDispose]());
  const sent: string[] = [];
  let origin = '';
  const { name } = await listenByTls(authority, (asked, answer) => {
    answer.on('close', () => sent.push(`${asked.method} ${asked.url} ${answer.statusCode}`));
    passOn(origin, asked, answer);
  });
  const ours = await killedProgram([
    ...['--data', temporaryFolder(), '--server-name', name, '--database', fresh.url],
    ...['--password-cost', 'for-tests', '--federation-enabled', 'true'],
    ...['--federation-ca', authority.ca, '--federation-allow-networks', '127.0.0.0/8'],
    ...['--federation-peers', `${synapse.name}=127.0.0.1:${synapse.name.split(':')[1]}`],
  ]);
  origin = ours.origin;
  await ours.start();
  return { ours: { ...ours, name }, synapse, sent };
}

/** What a proxy does in front of us: whoever comes while nobody is behind it is told so. */
function passOn(origin: string, asked: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url } = asked;
  const onward: ClientRequest = request(origin + url, { method, headers });
  onward.on('response', (told) => {
    answer.writeHead(told.statusCode!, told.headers);
    told.pipe(answer);
    told.on('error', () => answer.destroy());
  });
  onward.on('error', () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end();
  });
  asked.pipe(onward);
}
