import { z } from 'zod';
import type { CrossSigning, UploadedKeys } from '../../encryption/cross-signing.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject } from '../../http/fields.ts';
import { passwordOf } from '../password-of.ts';

interface Ports {
  readonly crossSigning: Pick<CrossSigning, 'needsAuthentication' | 'upload'>;
}

const body = z
  .object({
    master_key: jsonObject.optional(),
    self_signing_key: jsonObject.optional(),
    user_signing_key: jsonObject.optional(),
  })
  .transform(
    (keys): UploadedKeys => ({
      ...(keys.master_key && { master: keys.master_key }),
      ...(keys.self_signing_key && { self_signing: keys.self_signing_key }),
      ...(keys.user_signing_key && { user_signing: keys.user_signing_key }),
    }),
  );

export const uploadCrossSigningKeys = endpoint({
  operation: 'uploadCrossSigningKeys',
  routes: ['POST /_matrix/client/v3/keys/device_signing/upload'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: body },

  uia: async ({ caller, body }, { crossSigning }: Ports) =>
    (await crossSigning.needsAuthentication(caller.userId, body)) ? passwordOf(caller) : undefined,

  async handle({ caller, body, once }, { crossSigning }: Ports) {
    await crossSigning.upload(caller.userId, body, once);
    return {};
  },
});
