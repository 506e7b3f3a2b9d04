import { Client } from 'undici';
import { z } from 'zod';
import { Changes } from '../changes.ts';

const writer = z.object({ site: z.string(), epoch: z.number(), url: z.string() });
export type Writer = z.infer<typeof writer>;

const routingAnswer = z.object({
  version: z.number(),
  writer: writer.nullable(),
  address: z.object({ drain: z.boolean().default(false) }).optional(),
});

/** The agent answers within 10 s, changed or not; silence for longer means that it hangs. */
const ANSWER_WITHIN_MS = 15_000;
const RETRY_AFTER_MS = 200;

/**
 * Where the writer is, as the agent of this site says. An agent that is gone changes nothing: the
 * writer it named last goes on answering until its own deadline.
 */
export class Routing {
  readonly changes = new Changes();
  #writer: Writer | null = null;
  /** The floating address is about to leave this site, and takes every connection to it away. */
  #draining = false;
  #ending = false;

  get writer(): Writer | null {
    return this.#writer;
  }

  /** Whether a connection must end with its next answer, and a long poll on it be answered now. */
  mustEnd(throughAddress: boolean): boolean {
    return this.#ending || (this.#draining && throughAddress);
  }

  /** This front is about to end, and takes all connections with it. */
  end(): void {
    this.#ending = true;
    this.changes.tell();
  }

  set(next: Writer | null, draining = false): void {
    const same = JSON.stringify(next) === JSON.stringify(this.#writer);
    if (same && draining === this.#draining) return;
    this.#draining = draining;
    this.#writer = next;
    this.changes.tell();
  }
}

/** Long-polls the agent until the signal aborts. */
export async function followAgent(
  routing: Routing,
  agentSocket: string,
  signal: AbortSignal,
  onTrouble: (error: unknown) => void,
): Promise<void> {
  const agent = new Client('http://agent', { socketPath: agentSocket });
  let version = -1;
  let quiet = true;
  while (!signal.aborted) {
    try {
      const answer = await agent.request({
        path: `/v1/routing?after=${version}`,
        method: 'GET',
        headersTimeout: ANSWER_WITHIN_MS,
        bodyTimeout: ANSWER_WITHIN_MS,
        signal,
      });
      const told = routingAnswer.parse(await answer.body.json());
      version = told.version;
      quiet = true;
      routing.set(told.writer, told.address?.drain);
    } catch (error) {
      // A new agent counts its versions from the start again.
      version = -1;
      if (quiet && !signal.aborted) onTrouble(error);
      quiet = false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
  }
  await agent.destroy();
}
