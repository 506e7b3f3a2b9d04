import type { SignatureUpload } from '../../encryption/signature-upload.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, byUser, jsonObject } from '../../http/fields.ts';

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
  async handle({ caller, body }, { signatureUpload }: Ports) {
    return { failures: await signatureUpload.upload(caller.userId, body) };
  },
});
