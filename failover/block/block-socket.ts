import { chownSync, lstatSync, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { block } from '../adapters/blocking/note.ts';
import type { Block } from '../core/view.ts';
import { type JsonSocket, json, openJsonSocket } from '../json-socket.ts';
import { socketOf } from '../sockets.ts';

export interface Orders {
  put(block: Block): Promise<{ timeline: number; lsn: number }>;
  take(block: Block): Promise<void>;
}

const BYTES_MAX = 4_096;

/**
 * HTTP with JSON over `<runtime folder>/block/block.sock`, for this site's agent and nobody else: who may order a block may keep this site's copy from
 * following. The agent's user is the one to whom the folder of its own socket belongs.
 */
export async function openBlockSocket(runtimeDir: string, orders: Orders): Promise<JsonSocket> {
  const path = socketOf(runtimeDir, 'block');
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const socket = await openJsonSocket({ path, mode: 0o600, failure: 409 }, (request, response) =>
    answer(orders, request, response),
  );
  if (process.getuid?.() === 0) chownSync(path, lstatSync(join(runtimeDir, 'agent')).uid, 0);
  return socket;
}

async function answer(
  orders: Orders,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'PUT /v1/block':
      json(response, 200, await orders.put(await blockIn(request)));
      return;
    case 'DELETE /v1/block':
      await orders.take(await blockIn(request));
      json(response, 200, {});
      return;
    default:
      json(response, 404, { error: 'There is no such thing here' });
  }
}

async function blockIn(request: IncomingMessage): Promise<Block> {
  let sent = '';
  for await (const chunk of request.setEncoding('utf8')) {
    sent += chunk as string;
    if (sent.length > BYTES_MAX) throw new Error('that is no block');
  }
  return block.parse(JSON.parse(sent));
}
