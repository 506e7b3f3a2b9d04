import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { claimedKeys, wishesIn } from '../../client-api/keys/claim-wishes.ts';
import type { KeyClaims } from '../../encryption/key-claims.ts';
import { endpoint } from '../../http/endpoint.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly keyClaims: Pick<KeyClaims, 'claim'>;
}

export const claimUserEncryptionKeys = endpoint({
  operation: 'claimUserEncryptionKeys',
  routes: ['POST /_matrix/federation/v1/user/keys/claim'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ one_time_keys: claimedKeys }) },

  handle({ body, once }, { accounts, keyClaims }: Ports) {
    for (const userId of body.one_time_keys.keys()) refuseOthers(userId, accounts);
    return keyClaims.claim(wishesIn(body.one_time_keys), undefined, once);
  },
});
