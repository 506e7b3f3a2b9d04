import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { KeyClaims } from '../../encryption/key-claims.ts';
import { endpoint } from '../../http/endpoint.ts';
import { claimedKeys, wishesIn } from './claim-wishes.ts';
import { servedHere } from './servers-of.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly keyClaims: Pick<KeyClaims, 'claim'>;
}

export const claimKeys = endpoint({
  operation: 'claimKeys',
  routes: ['POST /_matrix/client/v3/keys/claim', 'POST /_matrix/client/r0/keys/claim'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ one_time_keys: claimedKeys }) },
  handle({ body, once }, { accounts, keyClaims }: Ports) {
    const { local, failures } = servedHere(body.one_time_keys, accounts.serverName);
    return keyClaims.claim(wishesIn(local), failures, once);
  },
});
