import { once } from 'node:events';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { AuditEntry } from '../storage/accounts/audit.ts';
import { makeFolder } from '../storage/make-folder.ts';
import type { DatabaseState } from './database-probe.ts';
import type { Assignment, RoleName } from './role.ts';

/** What the agent, and the operator, may know of this server at any time. */
export interface Health extends Omit<DatabaseState, 'trouble'> {
  readonly site: string;
  readonly role: RoleName;
  readonly healthy: boolean;
  readonly why?: string;
  /** How long the writer's oldest batch has waited for its commit. */
  readonly waitingMs: number;
  readonly serverVersion: string;
}

export interface Control {
  health(): Promise<Health>;
  assign(assignment: Assignment): void;
  metrics(): Promise<{ contentType: string; text: string }>;
  /** What administrators ordered, as far as the copy beside this server has it; the newest first. */
  audit(limit: number): Promise<readonly AuditEntry[]>;
}

const ORDERS_MAX = 10_000;
const auditQuery = z.object({ limit: z.coerce.number().int().min(1).max(ORDERS_MAX) });

const assignment = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('writer'),
    leaderRevision: z.string().regex(/^\d{1,19}$/),
    deadlineMs: z.number(),
  }),
  z.object({ role: z.literal('follower') }),
]);

/**
 * HTTP with JSON over `<runtime folder>/server.sock`: the agent gives the role and reads the health. The file stays
 * when the server ends, so that whoever asks is refused, and knows that no process is there; where there
 * is no file, one may live on beneath (the folder was cleaned).
 */
export async function openControlSocket(
  runtimeDir: string,
  control: Control,
): Promise<{ path: string; close(): Promise<void> }> {
  const path = join(runtimeDir, 'server.sock');
  makeFolder(runtimeDir);
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  const server = createServer((request, response) => {
    answer(control, request, response).catch((error: unknown) => {
      json(response, 400, { error: error instanceof Error ? error.message : String(error) });
    });
  }).listen(own);
  await once(server, 'listening');
  // The agent is another user, of the same group.
  chmodSync(own, 0o660);
  // Node removes the name that it listens under.
  renameSync(own, path);
  return {
    path,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(control: Control, request: IncomingMessage, response: ServerResponse) {
  const { pathname, searchParams } = new URL(request.url!, 'http://server');
  switch (`${request.method} ${pathname}`) {
    case 'GET /v1/health':
      return json(response, 200, await control.health());
    case 'PUT /v1/role': {
      control.assign(assignment.parse(JSON.parse(await text(request))));
      const { role, epoch } = await control.health();
      return json(response, 200, { role, epoch });
    }
    case 'GET /v1/audit': {
      const { limit } = auditQuery.parse(Object.fromEntries(searchParams));
      return json(response, 200, { orders: (await control.audit(limit)).map(toldOrder) });
    }
    case 'GET /v1/metrics': {
      const { contentType, text } = await control.metrics();
      return response.writeHead(200, { 'content-type': contentType }).end(text);
    }
    default:
      return json(response, 404, { error: 'There is no such thing here' });
  }
}

/** As GET /_farol/admin/v1/audit tells it. */
const toldOrder = ({ atMs, by, action, target, detail }: AuditEntry) => ({
  ...{ at_ts: atMs, by, action, target },
  detail: JSON.parse(detail) as unknown,
});

const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
