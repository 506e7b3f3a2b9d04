import type { SignatureUpload } from '../../encryption/signature-upload.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, byUser, jsonObject } from '../../http/fields.ts';
import { tooLarge } from '../../http/matrix-error.ts';

const KEYS_MAX = 500;

interface Ports {
  readonly signatureUpload: Pick<SignatureUpload, 'upload'>;
}

export const uploadCrossSigningSignatures = endpoint({
  operation: 'uploadCrossSigningSignatures',
  routes: ['POST /_matrix/client/v3/keys/signatures/upload'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: byUser(byName(jsonObject)) },
  /** Each is verified on the event loop, and by every signature that it says is new. */
  async handle({ caller, body }, { signatureUpload }: Ports) {
    const count = [...body.values()].reduce((sum, keys) => sum + Object.keys(keys).length, 0);
    if (count > KEYS_MAX) throw tooLarge(`A request may sign ${KEYS_MAX} keys`);
    return { failures: await signatureUpload.upload(caller.userId, body) };
  },
});
