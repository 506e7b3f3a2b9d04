import { lstatSync, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Routing } from '../core/address/routing.ts';
import { PAUSE_MAX_MS } from '../core/etcd/reading-carried.ts';
import type { Millis } from '../core/timings.ts';
import type { Site } from '../core/view.ts';
import { type JsonSocket, json, openJsonSocket } from '../json-socket.ts';
import { socketOf } from '../sockets.ts';
import type { Plan, PromotionPlan, RecoveryOrder } from './recovery.ts';
import { RoutingVersions } from './routing-versions.ts';
import type { Status } from './status.ts';

/** What the socket shows of the agent, and passes on to it. */
export interface Shown {
  /** Null while not enough is known to say anything. */
  routing(): Routing | null;
  status(): Promise<Status>;
  onStep(listener: () => void): () => void;
  switchover(to: Site | null): Promise<{ accepted: boolean; text: string }>;
  pause(forMs: Millis): Promise<{ accepted: boolean; text: string }>;
  recovery(to: Site | null): Plan;
  promotion(): Promise<PromotionPlan>;
  recover(order: RecoveryOrder): Promise<{ accepted: boolean; text: string }>;
  recoveries(): Promise<unknown[]>;
}

const switchover = z.strictObject({ to: z.string().nullish() });
const pause = z.strictObject({ forMs: z.int().min(0).max(PAUSE_MAX_MS) });
const revision = z.int().min(0);
const recovery = z.strictObject({
  to: z.string(),
  seen: z.strictObject({
    ...{ sync: revision, failover: revision, config: revision, timelines: revision },
    silent: z.record(z.string(), revision),
  }),
  confirmed: z.string().nullable(),
  by: z.string().max(200),
});
const after = z.coerce.number().int().catch(-1);

/** Below the 15 s after which a front takes the agent for hung. */
const POLL_MS = 10_000;

/** HTTP with JSON over `<runtime folder>/agent/agent.sock`, for this site's front and its operator. */
export async function openAgentSocket(runtimeDir: string, agent: Shown): Promise<JsonSocket> {
  const versions = new RoutingVersions();
  const stopFollowing = agent.onStep(() => versions.note(agent.routing()));
  const path = socketOf(runtimeDir, 'agent');
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  for (const folder of [runtimeDir, dirname(path)]) mustBeSafe(folder);
  // The front is another user, of the same group.
  const socket = await openJsonSocket({ path, mode: 0o660, failure: 400 }, (request, response) =>
    answer(agent, versions, request, response),
  );
  return {
    path,
    close() {
      stopFollowing();
      return socket.close();
    },
  };
}

/** What is done by path must mean what it seems to: nobody else may put a link in its place. */
function mustBeSafe(folder: string): void {
  const { uid, mode } = lstatSync(folder);
  const own = process.getuid?.() ?? 0;
  if ((uid === 0 || uid === own) && (mode & 0o022) === 0) return;
  throw new Error(
    `${folder} must belong to root or to the agent's user, and nobody else may write there`,
  );
}

async function answer(
  agent: Shown,
  versions: RoutingVersions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://agent');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /v1/routing': {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const routing = await versions.after(
        after.parse(url.searchParams.get('after')),
        POLL_MS,
        gone.signal,
      );
      // Who is told nothing goes on with what he knows.
      if (routing === null) json(response, 503, { error: 'not enough is known yet' });
      else json(response, 200, routing);
      return;
    }
    case 'GET /v1/status':
      json(response, 200, await agent.status());
      return;
    case 'POST /v1/switchover': {
      const { to } = switchover.parse(await body(request));
      told(response, await agent.switchover(to ?? null));
      return;
    }
    case 'POST /v1/pause': {
      const { forMs } = pause.parse(await body(request));
      told(response, await agent.pause(forMs));
      return;
    }
    case 'GET /v1/recovery':
      json(response, 200, agent.recovery(url.searchParams.get('to')));
      return;
    case 'GET /v1/promotion':
      json(response, 200, await agent.promotion());
      return;
    case 'GET /v1/recoveries':
      json(response, 200, await agent.recoveries());
      return;
    case 'POST /v1/recover':
      told(response, await agent.recover(recovery.parse(await body(request))));
      return;
    default:
      json(response, 404, { error: 'There is no such thing here' });
  }
}

async function body(request: IncomingMessage): Promise<unknown> {
  const sent = await text(request);
  return sent === '' ? {} : JSON.parse(sent);
}

const told = (response: ServerResponse, answer: { accepted: boolean; text: string }) =>
  json(response, answer.accepted ? 200 : 409, answer);
