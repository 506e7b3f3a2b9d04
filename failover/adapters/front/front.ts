import { Pool } from 'undici';
import { z } from 'zod';
import type { FrontWay } from '../../core/view.ts';
import { socketOf } from '../../sockets.ts';

const way = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('direct') }),
  z.object({ kind: z.literal('through'), site: z.string() }),
  z.object({ kind: z.literal('none'), forMs: z.number() }),
]);

const health = z.object({
  accepting: z.boolean(),
  connections: z.number(),
  // One of before, beside these sources, says nothing of it.
  slowestMs: z.number().default(0),
  way: way.nullish(),
  certificatesEnd: z.string().nullish(),
});

export interface FrontHealth {
  readonly healthy: boolean;
  readonly connections: number;
  readonly slowestMs: number;
  readonly way: FrontWay | null;
}

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

  /**
   * A front that does not answer is a sick one: nobody's requests would be held there. One that does
   * not reach the writer is not, as far as the address goes: it holds, and says so.
   */
  async health(): Promise<FrontHealth> {
    try {
      const { accepting, connections, slowestMs, way } = await this.#ask();
      return { healthy: accepting, connections, slowestMs, way: way ?? null };
    } catch {
      return { healthy: false, connections: 0, slowestMs: 0, way: null };
    }
  }

  /** When the first of the certificates ends that the front uses; null where it does not say. */
  async certificatesEnd(): Promise<string | null> {
    return this.#ask().then(
      ({ certificatesEnd }) => certificatesEnd ?? null,
      () => null,
    );
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #ask() {
    const answer = await this.#pool.request({
      path: '/v1/health',
      method: 'GET',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return health.parse(await answer.body.json());
  }
}
