import { isDeepStrictEqual } from 'node:util';
import { Answer, wholeAnswer } from '../../server/http/answer.ts';
import type { Endpoint } from '../../server/http/endpoint.ts';
import type { Mount } from '../../server/http/mount.ts';
import { type Once, WholeAnswer } from '../../server/log/outcomes.ts';

/**
 * The same endpoints, and which of them answered something else than the outcome they left: that is
 * what a client is told who did not hear the first answer.
 */
export function notingRepeats<Ports>(mounts: readonly Mount<Ports>[]) {
  const toldOtherwise = new Set<string>();
  const noting = (endpoint: Endpoint<Ports>): Endpoint<Ports> => ({
    ...endpoint,
    async handle(call, ports) {
      if (call.once === undefined) return endpoint.handle(call, ports);
      const once = lastOf(call.once);
      const answer = await endpoint.handle(withOnce(call, once), ports);
      if (once.last && !isDeepStrictEqual(plain(said(answer, once.last)), plain(once.last)))
        toldOtherwise.add(endpoint.operation);
      return answer;
    },
  });
  const noted = mounts.map((mount) => ({ ...mount, endpoints: mount.endpoints.map(noting) }));
  return { mounts: noted, toldOtherwise };
}

/** A change that is built anew leaves another outcome: the last one counts. */
function lastOf(once: Once): Once & { readonly last: object | undefined } {
  let last: object | undefined;
  return {
    get last() {
      return last;
    },
    outcome(status, body, options) {
      last = body;
      return once.outcome(status, body, options);
    },
  };
}

/** Its signal is made only for those who ask for it, by the call itself. */
const withOnce = <Call extends { readonly once: unknown }>(call: Call, once: Once): Call =>
  new Proxy(call, { get: (own, key) => (key === 'once' ? once : Reflect.get(own, key)) });

const said = (answer: object, kept: object): object =>
  answer instanceof Answer && kept instanceof WholeAnswer ? wholeAnswer(answer) : answer;

const plain = (body: object): unknown => JSON.parse(JSON.stringify(body));
