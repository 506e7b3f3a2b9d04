import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Told, Wish } from './federation-wishes.ts';

// A process of its own, so that its CPU is not the server's: many other servers behind one port, told apart by name.

const [certificate, key] = process.argv.slice(2) as [string, string];
let behaviour: Wish = { kind: 'behave' };
const seen = new Set<string>();
let told = {
  transactions: 0,
  events: 0,
  latenciesMs: [] as number[],
  connectionsMost: 0,
} satisfies Told;
let connections = 0;

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key), keepAlive: true },
  (request, answer) => void answered(request, answer),
).listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
server.keepAliveTimeout = 120_000;
server.on('secureConnection', (socket) => {
  connections += 1;
  told.connectionsMost = Math.max(told.connectionsMost, connections);
  socket.once('close', () => (connections -= 1));
});

process.on('message', (wish: Wish) => {
  if (wish.kind === 'behave') behaviour = wish;
  else {
    process.send!(told);
    told = { transactions: 0, events: 0, latenciesMs: [], connectionsMost: connections };
  }
});
process.on('disconnect', () => process.exit());

async function answered(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const index = Number(/^p(\d+)\./.exec(request.headers.host ?? '')?.[1]);
  const { as, count = 0 } = behaviour;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (as !== undefined && index < count) return refused(as, index, answer);
  take(index, JSON.parse(Buffer.concat(chunks).toString()));
  answer.end('{"pdus":{}}');
}

/** Of the dead, some cut the line and some say nothing. */
function refused(as: NonNullable<Wish['as']>, index: number, answer: ServerResponse): void {
  if (as === 'dead') return void (index % 2 === 0 && answer.destroy());
  const [status, fields] = as === 'paused' ? [429, { retry_after_ms: 3_600_000 }] : [503, {}];
  answer.writeHead(status).end(JSON.stringify({ errcode: 'M_UNKNOWN', error: 'No', ...fields }));
}

function take(index: number, { pdus }: { pdus: readonly JsonObject[] }): void {
  told.transactions += 1;
  for (const { content } of pdus) {
    const { body, at } = content as { body?: string; at?: number };
    if (at === undefined || seen.has(`${index} ${body}`)) continue;
    seen.add(`${index} ${body}`);
    told.events += 1;
    told.latenciesMs.push(Date.now() - at);
  }
}
