import { Pool } from 'undici';
import { z } from 'zod';
import { socketOf } from '../../sockets.ts';

const health = z.object({ accepting: z.boolean(), connections: z.number() });

const ANSWER_WITHIN_MS = 1_000;

/** The health of this site's front, over its socket. */
export class Front {
  readonly #pool: Pool;

  constructor(runtimeDir: string) {
    this.#pool = new Pool('http://front', {
      socketPath: socketOf(runtimeDir, 'front'),
      connections: 2,
      pipelining: 1,
    });
  }

  /** A front that does not answer is a sick one: nobody's requests would be held there. */
  async health(): Promise<{ healthy: boolean; connections: number }> {
    try {
      const answer = await this.#pool.request({
        path: '/v1/health',
        method: 'GET',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const { accepting, connections } = health.parse(await answer.body.json());
      return { healthy: accepting, connections };
    } catch {
      return { healthy: false, connections: 0 };
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
