import type { ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { unknownToken } from '../protocol/matrix-error.ts';
import type { Account } from '../storage/accounts/accounts.ts';
import { openJson, sealJson } from './sealed-json.ts';

export interface OpenIdPorts {
  readonly serverName: ServerName;
  readonly accountOf: (userId: UserId) => Promise<Account | undefined>;
  /** Of the cluster: until when a token holds stands in it, and the next writer reads the same. */
  readonly secret: Buffer;
  readonly now: () => number;
}

const PURPOSE = 'openid token';
const LIFE_MS = 3_600_000;

/** By which people prove to other services who they are (client-server API, "OpenID"). Nothing of them is kept. */
export class OpenIdTokens {
  readonly #ports: OpenIdPorts;

  constructor(ports: OpenIdPorts) {
    this.#ports = ports;
  }

  create(userId: UserId): JsonObject {
    const { now, secret, serverName } = this.#ports;
    const token = sealJson(PURPOSE, { userId, untilMs: now() + LIFE_MS }, secret);
    return {
      access_token: token,
      token_type: 'Bearer',
      matrix_server_name: serverName,
      expires_in: LIFE_MS / 1_000,
    };
  }

  /** Whose it is; not of an account that was closed meanwhile, or is locked. */
  async ownerOf(token: string): Promise<UserId> {
    const sealed = openJson(PURPOSE, token, this.#ports.secret) as Sealed | undefined;
    if (!sealed || this.#ports.now() >= sealed.untilMs) throw unknown();
    const account = await this.#ports.accountOf(sealed.userId);
    if (!account || account.deactivatedMs !== null || account.lockedMs !== null) throw unknown();
    return sealed.userId;
  }
}

type Sealed = JsonObject & { readonly userId: UserId; readonly untilMs: number };

const unknown = () => unknownToken('Access token unknown or expired');
