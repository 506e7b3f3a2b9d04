import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../server/protocol/json.ts';
import { signingKeyFromSeed, signJson } from '../../server/protocol/signatures.ts';
import type { Authority } from './certificates.ts';
import { listenByTls } from './tls-server.ts';

/** By which it vouches for whom it invites. */
export const IDENTITY_KEY = signingKeyFromSeed('ed25519:0', Buffer.alloc(32, 9));

export type IdentityServer = Awaited<ReturnType<typeof startIdentity>>;

/** What it gives to somebody who has proved that the address of the invite is theirs. */
export const vouchedBy = (
  { name }: Pick<IdentityServer, 'name'>,
  said: { readonly mxid: string; readonly token?: string },
  key = IDENTITY_KEY,
): JsonObject => signJson({ token: 'the-token', ...said }, name, key);

/** As the Identity Service API says, as far as invites go. */
export async function startIdentity(authority: Authority) {
  const identity = {
    ...{ name: '', validityUrl: '', isValid: true, asked: [] as Asked[] },
    bound: undefined as string | undefined,
    refuses: undefined as JsonObject | undefined,
    says: undefined as string | undefined,
  };
  const answer = (path: string, { addresses }: { addresses?: string[] }): JsonObject => {
    if (path === '/hash_details')
      return { algorithms: ['none', 'sha256'], lookup_pepper: 'pepper' };
    if (path === '/lookup') {
      const hash = createHash('sha256').update('bob@example.org email pepper').digest('base64url');
      const isAsked = identity.bound && addresses?.includes(hash);
      return { mappings: isAsked ? { [hash]: identity.bound! } : {} };
    }
    if (path.startsWith('/pubkey/isvalid'))
      return {
        valid: identity.isValid && path.includes(encodeURIComponent(IDENTITY_KEY.publicKey)),
      };
    const key = { public_key: IDENTITY_KEY.publicKey, key_validity_url: identity.validityUrl };
    return { token: 'the-token', public_keys: [key], display_name: 'b...@e...' };
  };
  const { name } = await listenByTls(authority, async (request, response) => {
    const path = request.url!.replace('/_matrix/identity/v2', '');
    const body = JSON.parse((await text(request)) || '{}') as JsonObject;
    identity.asked.push({ path, token: request.headers.authorization, body });
    response.statusCode = identity.refuses ? 403 : 200;
    response.end(identity.says ?? JSON.stringify(identity.refuses ?? answer(path, body)));
  });
  identity.name = name;
  identity.validityUrl = `https://${identity.name}/_matrix/identity/v2/pubkey/isvalid`;
  return identity;
}

interface Asked {
  readonly path: string;
  readonly token: string | undefined;
  readonly body: JsonObject;
}
