import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { type Answer, wholeAnswer } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import type { Granted } from '../../sign-in/sign-in.ts';
import { keptIn } from './cookie.ts';
import { grantedAnswer, keptPage, namePage, type SignInPorts } from './sign-in-pages.ts';

export interface NamingPorts extends SignInPorts {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

/**
 * The way back from a provider. It is a GET that does something, and once only: a front's repeat is told what the first run left,
 * and who comes again by the same address has no cookie for it any more, nor a code that the provider would take.
 */
export const getSignInBack = endpoint({
  operation: 'getSignInBack',
  routes: ['GET /_farol/sign-in/{idpId}/back'],
  auth: 'nobody',
  rateLimit: 'login',
  idempotency: 'request',
  path: z.object({ idpId: name }),
  query: z.record(z.string(), z.string().max(8_192)),
  async handle({ path, query, request, once }, ports: NamingPorts) {
    let answer: Answer | undefined;
    const grant = (granted: Granted) => {
      answer = grantedAnswer(granted, ports, { byForm: false });
      return once.outcome(answer.status, wholeAnswer(answer), { secret: true });
    };
    const cookie = keptIn(request.cookies, ports);
    const asked = { providerId: path.idpId, params: new URLSearchParams(query), cookie };
    const wanted = await ports.signIn.comeBack(asked, grant);
    if (!wanted) return answer!;
    return keptPage(namePage(wanted, ports.accounts.serverName), wanted.cookie, ports);
  },
});
