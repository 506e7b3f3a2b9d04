import { Agent, request } from 'undici';
import { z } from 'zod';
import type { WellKnown } from '../facts.ts';
import { ANSWER_WITHIN_MS, whyOf } from '../within.ts';

const told = z.looseObject({ 'm.homeserver': z.looseObject({ base_url: z.string() }) });

/** What a client is told that knows nothing but the server name (client-server API, "Well-known URIs"). */
export async function lookAtWellKnown(serverName: string): Promise<WellKnown> {
  // Whom it trusts is the certificate's step to say.
  const dispatcher = new Agent({ allowH2: false, connect: { rejectUnauthorized: false } });
  try {
    const answer = await request(`https://${serverName}/.well-known/matrix/client`, {
      dispatcher,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      return { kind: 'none', status: answer.statusCode };
    }
    const said = told.safeParse(await answer.body.json());
    if (!said.success) return { kind: 'none', status: 200 };
    return { kind: 'told', baseUrl: said.data['m.homeserver'].base_url.replace(/\/+$/, '') };
  } catch (error) {
    return { kind: 'silence', why: whyOf(error) };
  } finally {
    await dispatcher.destroy();
  }
}
