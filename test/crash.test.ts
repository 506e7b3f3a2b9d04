import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { type Account, BenchClient } from './bench/client.ts';
import { temporaryFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { type Program, startProgram } from './support/program.ts';

const SENDERS = 6;
const KILLS = 3;
const ACKNOWLEDGED_BETWEEN_KILLS = 60;

/**
 * I2 and I3 of docs/faults.md for one server. Its database lives on with the batch that was under way, so
 * each restart is a takeover from a writer that died in the middle.
 */
test('over SIGKILLs under load nothing acknowledged is lost, and no repeat is doubled', async () => {
  const { program, client } = await workbench();
  const owner = await client.register('alice');
  const rooms = await Promise.all(Array.from({ length: SENDERS }, () => client.createRoom(owner)));
  const acknowledged = rooms.map((): string[] => []);
  const count = () => acknowledged.reduce((sum, each) => sum + each.length, 0);
  let stopped = false;
  const senders = rooms.map(async (room, n) => {
    for (let number = 0; !stopped; number += 1) {
      await sendUntilAcknowledged(client, room, `${n}-${number}`, owner);
      acknowledged[n]!.push(`${n}-${number}`);
    }
  });
  const more = async () => {
    const target = count() + ACKNOWLEDGED_BETWEEN_KILLS;
    const reached = expect.poll(count, { interval: 1 });
    await Promise.race([reached.toBeGreaterThanOrEqual(target), Promise.all(senders)]);
  };
  for (let kills = 0; kills < KILLS; kills += 1) {
    await more();
    await program.killAndRestart();
  }
  await more();
  stopped = true;
  await Promise.all(senders);
  for (const [n, room] of rooms.entries()) {
    expect(await messagesOf(program.origin, room, owner)).toEqual(acknowledged[n]);
  }
}, 300_000);

/** As a client does: the same transaction again, until there is an answer. */
async function sendUntilAcknowledged(
  client: BenchClient,
  room: string,
  txnId: string,
  owner: Account,
): Promise<void> {
  for (;;) {
    try {
      await client.send(room, txnId, owner);
      return;
    } catch (error) {
      // 503 until the new writer is ready; anything else from a server that answers is a failure.
      if (/: [245]\d\d /.test(String(error)) && !/: 503 /.test(String(error))) throw error;
      await sleep(20);
    }
  }
}

/** The transactions whose messages the room has, in order. */
async function messagesOf(origin: string, room: string, owner: Account): Promise<string[]> {
  const bodies: string[] = [];
  for (let from: string | undefined, end = false; !end; ) {
    const query = new URLSearchParams({ dir: 'f', limit: '500', ...(from && { from }) });
    const url = `${origin}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?${query}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${owner.token}` } });
    const page = (await answer.json()) as { chunk: Message[]; end?: string };
    bodies.push(...page.chunk.flatMap((event) => event.content.body?.split(':')[0] ?? []));
    from = page.end;
    end = from === undefined;
  }
  return bodies;
}

interface Message {
  readonly content: { readonly body?: string };
}

async function workbench() {
  const folder = temporaryFolder();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const options = ['--data', folder, '--listen', `127.0.0.1:${port}`, '--registration', 'open'];
  const start = () => startProgram([...options, '--rate-limits-enabled', 'false']);
  let running: Program = start();
  await running.ready();
  const dispatcher = new Agent({ connections: SENDERS });
  onTestFinished(() => dispatcher.destroy());
  const killAndRestart = async () => {
    running.process.kill('SIGKILL');
    await running.ended();
    running = start();
    await running.ready();
  };
  return { program: { origin, killAndRestart }, client: new BenchClient(dispatcher, origin) };
}
