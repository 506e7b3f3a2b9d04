import { Pool } from 'undici';
import { z } from 'zod';
import type { Block } from '../../core/view.ts';
import { socketOf } from '../../sockets.ts';
import { notedAt } from './note.ts';

const position = z.object({ timeline: z.int(), lsn: z.int() });

/** Longer than that program waits for the end of a replay. */
const ANSWER_WITHIN_MS = 5_000;

/** The program of root's that turns another site's PostgreSQL away (failover/block), and what it has noted. */
export class Blocking {
  readonly #pool: Pool;
  readonly #note: string;

  constructor(runtimeDir: string, note: string) {
    this.#note = note;
    this.#pool = new Pool('http://block', {
      socketPath: socketOf(runtimeDir, 'block'),
      connections: 2,
      pipelining: 1,
    });
  }

  /** From the disk, so that it is known where that program does not run. */
  noted(): Promise<Block | null> {
    return notedAt(this.#note);
  }

  async put(block: Block): Promise<{ timeline: number; lsn: number }> {
    return position.parse(await this.#ask('PUT', block));
  }

  async take(block: Block): Promise<void> {
    await this.#ask('DELETE', block);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #ask(method: 'PUT' | 'DELETE', block: Block): Promise<unknown> {
    const { statusCode, body } = await this.#pool.request({
      path: '/v1/block',
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(block),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const said = (await body.json()) as { error?: string };
    if (statusCode === 200) return said;
    throw new Error(`what turns ${block.holder} away says: ${said.error}`);
  }
}
