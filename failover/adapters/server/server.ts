import { Pool } from 'undici';
import { z } from 'zod';
import type { EffectOf } from '../../core/effects.ts';
import type { ServerReport } from '../../core/view.ts';
import { socketOf } from '../../sockets.ts';

const role = z.enum(['follower', 'taking-over', 'writer', 'stopping']);

const health = z.object({
  role,
  epoch: z.number().nullable(),
  position: z.number().nullable(),
  healthy: z.boolean(),
  why: z.string().optional(),
  /** A server of before says nothing of it. */
  waitingMs: z.number().default(0),
});

const told = z.object({ role, epoch: z.number().nullable() });

const ANSWER_WITHIN_MS = 1_000;

/** The control socket of this site's homeserver. */
export class Server {
  readonly #pool: Pool;

  constructor(runtimeDir: string) {
    this.#pool = new Pool('http://server', {
      socketPath: socketOf(runtimeDir, 'server'),
      connections: 4,
      pipelining: 1,
    });
  }

  async report(): Promise<ServerReport> {
    const { why, ...rest } = health.parse(await this.#ask('GET', '/v1/health'));
    return { ...rest, why: why ?? null };
  }

  /** Gives the server its role; the answer says how far it is with that. */
  async tell(order: EffectOf<'tell-server'>): Promise<z.infer<typeof told>> {
    const body =
      order.role === 'follower'
        ? { role: order.role }
        : {
            role: order.role,
            leaderRevision: String(order.leaderRevision),
            deadlineMs: order.deadline,
          };
    return told.parse(await this.#ask('PUT', '/v1/role', body));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #ask(method: 'GET' | 'PUT', path: string, body?: object): Promise<unknown> {
    const answer = await this.#pool.request({
      path,
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.statusCode === 200) return answer.body.json();
    throw new Error(
      `the server answered ${path} with ${answer.statusCode}: ${await answer.body.text()}`,
    );
  }
}

/**
 * Nobody listens on the socket, so there is no process. Anything else may be one that is frozen, or one whose
 * socket was removed: a server leaves its own behind when it ends.
 */
export const isGone = (error: unknown): boolean =>
  (error as { code?: string }).code === 'ECONNREFUSED';
