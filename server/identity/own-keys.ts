import type { OwnKeys } from '../protocol/server-keys.ts';
import { type KeyId, signingKeyFromSeed } from '../protocol/signing-keys.ts';
import type { WritersIdentity } from './identity.ts';

/** As those use them who sign and publish: never kept by anybody, since another key may take over at any time. */
export interface ChangeableKeys extends OwnKeys {
  /** Another key instead of this one; nothing where it is not the current one any more, so it may be said again. */
  change(insteadOf: KeyId): Promise<void>;
}

export function ownKeysOf(identity: WritersIdentity): ChangeableKeys {
  const made = () => signingKeyFromSeed(identity.signingKey.keyId, identity.signingKey.seed);
  let current = made();
  return {
    get current() {
      if (current.keyId !== identity.signingKey.keyId) current = made();
      return current;
    },
    get old() {
      return identity.oldKeys;
    },
    change: (insteadOf) => identity.changeSigningKey(insteadOf),
  };
}
