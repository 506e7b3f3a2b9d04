import { Agent, request } from 'undici';
import type { WellKnown } from '../facts.ts';
import { ANSWER_WITHIN_MS, whyOf } from '../within.ts';
import { baseUrlIn, WELL_KNOWN } from './base-url.ts';

/** What a client is told that knows nothing but the server name (client-server API, "Well-known URIs"). */
export async function lookAtWellKnown(serverName: string): Promise<WellKnown> {
  // Whom it trusts is the certificate's step to say.
  const dispatcher = new Agent({ allowH2: false, connect: { rejectUnauthorized: false } });
  try {
    const answer = await request(`https://${serverName}${WELL_KNOWN}`, {
      dispatcher,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return { kind: 'none', status: answer.statusCode };
    }
    const baseUrl = baseUrlIn(await answer.body.json());
    return baseUrl === null ? { kind: 'none', status: 200 } : { kind: 'told', baseUrl };
  } catch (error) {
    return { kind: 'silence', why: whyOf(error) };
  } finally {
    await dispatcher.destroy();
  }
}
