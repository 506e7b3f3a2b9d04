import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf } from './cpu.ts';
import { heldByAll } from './delivery.ts';

// What the generator of deliveries sees of a server that does nothing but answer those who wait, on the same
// machine: nothing can be seen that is quicker. `node test/bench/delivery-floor.ts [MEMBERS]`.

const FILLING = 'x'.repeat(1_200);
const [A_SECOND, SECONDS] = [8, 10];

if (process.send) await answerAll();
else await measure(Number(process.argv[2] ?? '500'));

/** A message is a line from the parent; all who wait are given it, and who was not there when they ask again. */
async function answerAll() {
  const names: string[] = [];
  let waiting: [ServerResponse, since: number][] = [];
  const answer = (response: ServerResponse, since: number) => {
    const told = names.slice(since).map((name) => `{"body":"${name}: ${FILLING}"}`);
    const body = `{"next_batch":"${names.length}","events":[${told.join(',')}]}`;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  };
  const server = createServer((request, response) => {
    const since = Number(/since=(\d+)/.exec(request.url!)![1]);
    if (since < names.length) answer(response, since);
    else waiting.push([response, since]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.on('message', (name: string) => {
    names.push(name);
    const given = waiting;
    waiting = [];
    for (const each of given) answer(...each);
  });
  process.once('disconnect', () => process.exit());
  process.send!((server.address() as AddressInfo).port);
}

async function measure(members: number) {
  const server = fork(import.meta.filename);
  const [port] = await once(server, 'message');
  const origin = `http://127.0.0.1:${port}`;
  const accounts = Array.from({ length: members }, (_, n) => ({
    ...{ userId: `@u${n}`, token: 'none', deviceId: 'D', password: '' },
  }));
  const held = heldByAll({ origin, sync: async () => ({ text: '', next: '0' }) }, accounts);
  const end = await held.begin();
  for (const round of ['first', 'second', 'third']) {
    held.take();
    const cpu = [cpuMsOf(server.pid!), cpuMsOf(process.pid)];
    for (let n = 0; n < A_SECOND * SECONDS; n++) {
      await sleep(1_000 / A_SECOND);
      await held.sends(async (name) => server.send(name));
    }
    const latencies = await held.allThere();
    const share = (part: number) => latencies[Math.floor(latencies.length * part)]!.toFixed(1);
    const [bare, own] = [cpuMsOf(server.pid!) - cpu[0]!, cpuMsOf(process.pid) - cpu[1]!].map((ms) =>
      ((ms * 1_000) / latencies.length).toFixed(0),
    );
    console.log(
      `${round}: p50 ${share(0.5)} ms, p99 ${share(0.99)} ms; CPU us a delivery: ${bare} of the bare server, ${own} of the generator`,
    );
  }
  await end();
  server.disconnect();
}
