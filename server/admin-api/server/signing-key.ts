import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { MatrixError } from '../../http/matrix-error.ts';
import { KEYS_MAX, type OwnKeys, oldVerifyKeys } from '../../protocol/server-keys.ts';
import { isKeyId, type KeyId } from '../../protocol/signing-keys.ts';

interface Ports {
  readonly ownKeys: OwnKeys & { change(insteadOf: KeyId): Promise<void> };
  readonly audit: Pick<Audit, 'note'>;
}

/** With which key this server signs, and with which it did. Synapse has no such call. */
export const getSigningKey = endpoint({
  operation: 'adminGetSigningKey',
  routes: ['GET /_farol/admin/v1/signing_key'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async (_call, { ownKeys }: Pick<Ports, 'ownKeys'>) => told(ownKeys),
});

/**
 * Another signing key, by which one it takes the place of: so that an order which is repeated changes nothing more. What was
 * signed before stays verifiable by `old_verify_keys`.
 */
export const changeSigningKey = endpoint({
  operation: 'adminChangeSigningKey',
  routes: ['POST /_farol/admin/v1/signing_key'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: z.object({ instead_of: z.string().max(255).refine(isKeyId) }) },
  async handle({ caller, body: { instead_of: keyId } }, { ownKeys, audit }: Ports) {
    const { current, old } = ownKeys;
    if (old.some((each) => each.keyId === keyId)) return told(ownKeys);
    if (keyId !== current.keyId)
      throw new MatrixError(400, 'M_INVALID_PARAM', 'This server never signed with that key');
    if (old.length + 2 > KEYS_MAX)
      throw new MatrixError(
        403,
        'M_FORBIDDEN',
        `Other servers take ${KEYS_MAX} keys of one, and these are so many`,
      );
    const order = { by: caller.userId, action: 'adminChangeSigningKey', target: keyId };
    await audit.note({ ...order, detail: {} });
    await ownKeys.change(keyId);
    return told(ownKeys);
  },
});

const told = ({ current, old }: OwnKeys) => ({
  key_id: current.keyId,
  key: current.publicKey,
  old_verify_keys: oldVerifyKeys(old),
});
