import { claimKeys } from './claim-keys.ts';
import { getKeysChanges } from './get-keys-changes.ts';
import { queryKeys } from './query-keys.ts';
import { uploadCrossSigningKeys } from './upload-cross-signing-keys.ts';
import { uploadCrossSigningSignatures } from './upload-cross-signing-signatures.ts';
import { uploadKeys } from './upload-keys.ts';

export const keyEndpoints = [
  uploadKeys,
  queryKeys,
  claimKeys,
  getKeysChanges,
  uploadCrossSigningKeys,
  uploadCrossSigningSignatures,
];
