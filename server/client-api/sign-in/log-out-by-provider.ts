import { z } from 'zod';
import { Answer } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import type { BackChannel } from '../../sign-in/back-channel.ts';

/** Asked by a provider, not by a browser. A repeat does nothing more: the token names itself. */
export const postSignInLogout = endpoint({
  operation: 'postSignInLogout',
  routes: ['POST /_farol/sign-in/{idpId}/logout'],
  auth: 'nobody',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ idpId: name }),
  body: { form: z.object({ logout_token: z.string().min(1).max(16_384) }) },
  async handle({ path, body }, { backChannel }: { backChannel: Pick<BackChannel, 'hear'> }) {
    await backChannel.hear(path.idpId, body.logout_token);
    return new Answer(200, {}, '');
  },
});
