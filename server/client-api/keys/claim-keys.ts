import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { KeysAbroad } from '../../encryption/abroad/keys-abroad.ts';
import type { ClaimWish, KeyClaims } from '../../encryption/key-claims.ts';
import { endpoint } from '../../http/endpoint.ts';
import { serverNameOf } from '../../protocol/identifiers.ts';
import { claimedKeys, wishesIn } from './claim-wishes.ts';
import { timeout } from './servers-of.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly keyClaims: Pick<KeyClaims, 'claim'>;
  readonly keysAbroad: Pick<KeysAbroad, 'claim'>;
}

export const claimKeys = endpoint({
  operation: 'claimKeys',
  routes: ['POST /_matrix/client/v3/keys/claim', 'POST /_matrix/client/r0/keys/claim'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ one_time_keys: claimedKeys, timeout }) },
  async handle({ caller, body, once }, { accounts, keyClaims, keysAbroad }: Ports) {
    const wishes = wishesIn(body.one_time_keys);
    const isOurs = ({ userId }: ClaimWish) => serverNameOf(userId) === accounts.serverName;
    const { local = [], abroad = [] } = Object.groupBy(wishes, (wish) =>
      isOurs(wish) ? 'local' : 'abroad',
    );
    const asking = { caller: caller.userId, withinMs: body.timeout };
    return keyClaims.claim(local, await keysAbroad.claim(abroad, asking), once);
  },
});
