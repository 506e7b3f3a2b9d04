import { z } from 'zod';
import { type Answer, wholeAnswer } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Granted } from '../../sign-in/sign-in.ts';
import type { NamingPorts } from './come-back.ts';
import { keptIn } from './cookie.ts';
import { grantedAnswer, namePage } from './sign-in-pages.ts';

/** The form of who came from a provider and has no account yet. */
export const postSignInName = endpoint({
  operation: 'postSignInName',
  routes: ['POST /_farol/sign-in/name'],
  auth: 'nobody',
  rateLimit: 'login',
  idempotency: 'request',
  body: {
    form: z.object({ form_token: z.string().max(100), localpart: z.string().max(255) }),
  },
  async handle({ body, request, once }, ports: NamingPorts) {
    let answer: Answer | undefined;
    const grant = (granted: Granted) => {
      answer = grantedAnswer(granted, ports, { byForm: true });
      return once.outcome(answer.status, wholeAnswer(answer), { secret: true });
    };
    const { form_token: formToken, localpart } = body;
    const cookie = keptIn(request.cookies, ports);
    const refusal = await ports.signIn.name({ cookie, formToken, localpart }, grant);
    if (refusal === undefined) return answer!;
    return namePage({ suggested: localpart, formToken }, ports.accounts.serverName, refusal);
  },
});
