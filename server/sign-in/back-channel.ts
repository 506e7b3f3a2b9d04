import { createHash } from 'node:crypto';
import type { Devices } from '../accounts/devices.ts';
import { commitRows } from '../log/commit-rows.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import { notFound } from '../protocol/matrix-error.ts';
import { endedSignInRow, hasSignInEnded } from '../storage/accounts/ended-sign-ins.ts';
import { loginTokenGoneRow, loginTokensSignedInBy } from '../storage/accounts/login-tokens.ts';
import { devicesSignedInBy, type UpstreamEnd } from '../storage/accounts/upstream-sessions.ts';
import type { EndedLogins } from './ended-logins.ts';
import type { Provider } from './provider.ts';

export interface BackChannelPorts {
  readonly providers: ReadonlyMap<string, Pick<Provider, 'whoLeft'>>;
  readonly devices: Pick<Devices, 'delete'>;
  readonly endedLogins: Pick<EndedLogins, 'end'>;
}

/** Where providers say of whom they logged out (OpenID Connect Back-Channel Logout 1.0). */
export class BackChannel {
  readonly #stored: Pick<Stored, 'database' | 'locks' | 'log'>;
  readonly #ports: BackChannelPorts;

  constructor(stored: Pick<Stored, 'database' | 'locks' | 'log'>, ports: BackChannelPorts) {
    this.#stored = stored;
    this.#ports = ports;
  }

  /**
   * The devices that came in by the logins that have ended are logged out. That a token was heard is noted last: where this
   * ends on the way, the provider's next try does it all; and one that comes again ends no login since.
   */
  async hear(providerId: string, logoutToken: string): Promise<void> {
    const provider = this.#ports.providers.get(providerId);
    if (!provider) throw notFound('This server knows no such provider');
    const { end, jti, untilMs } = await provider.whoLeft(logoutToken);
    const id = nameOf(end.issuer, jti);
    const { database, locks, log } = this.#stored;
    await locks.run(`sign-in:${id}`, async () => {
      if (await hasSignInEnded(database, id)) return;
      await this.#end(end);
      await commitRows(log, [endedSignInRow({ id, expiresMs: untilMs })]);
    });
  }

  /** Who is on the way first, then tokens: who comes in by one meanwhile has a device then. */
  async #end(end: UpstreamEnd): Promise<void> {
    const { database, locks, log } = this.#stored;
    await this.#ports.endedLogins.end(end);
    for (const { userId, tokenHash } of await loginTokensSignedInBy(database, end))
      await locks.run(lockOf(userId), () => commitRows(log, [loginTokenGoneRow({ tokenHash })]));
    const left = await devicesSignedInBy(database, end);
    for (const [userId, own] of Map.groupBy(left, (device) => device.userId)) {
      const deviceIds = own.map(({ deviceId }) => deviceId);
      await this.#ports.devices.delete(userId, deviceIds);
    }
  }
}

/** Of one length, however long the provider's are. */
const nameOf = (issuer: string, jti: string): string =>
  `logout:${createHash('sha256')
    .update(JSON.stringify([issuer, jti]))
    .digest('base64url')}`;
