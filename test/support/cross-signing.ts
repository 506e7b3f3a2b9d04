import type { JsonObject } from '../../server/protocol/json.ts';
import { type SigningKey, signingKeyFromSeed, signJson } from '../../server/protocol/signatures.ts';

/** A key that is named by itself, as cross-signing keys are. The same number makes the same key. */
export function selfNamedKey(number: number): SigningKey {
  const seed = Buffer.alloc(32, number);
  const { publicKey } = signingKeyFromSeed('ed25519:x', seed);
  return signingKeyFromSeed(`ed25519:${publicKey}`, seed);
}

export const deviceKey = (deviceId: string, number: number): SigningKey =>
  signingKeyFromSeed(`ed25519:${deviceId}`, Buffer.alloc(32, number));

export const crossSigningKey = (userId: string, usage: string, key: SigningKey): JsonObject => ({
  user_id: userId,
  usage: [usage],
  keys: { [key.keyId]: key.publicKey },
});

/** As a client publishes them: signed by the device itself. */
export function deviceKeys(userId: string, deviceId: string, key: SigningKey): JsonObject {
  const object = {
    user_id: userId,
    device_id: deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
    keys: { [`curve25519:${deviceId}`]: 'curve', [key.keyId]: key.publicKey },
  };
  return signJson(object, userId, key);
}

/** A master key and the two that it signs, as for POST /keys/device_signing/upload. */
export function crossSigningKeys(userId: string, number: number) {
  const [master, selfSigning, userSigning] = [0, 1, 2].map((n) => selfNamedKey(number + n)) as [
    SigningKey,
    SigningKey,
    SigningKey,
  ];
  const signed = (usage: string, key: SigningKey) =>
    signJson(crossSigningKey(userId, usage, key), userId, master);
  return {
    ...{ master, selfSigning, userSigning },
    upload: {
      master_key: crossSigningKey(userId, 'master', master),
      self_signing_key: signed('self_signing', selfSigning),
      user_signing_key: signed('user_signing', userSigning),
    },
  };
}
