import type { Devices } from '../accounts/devices.ts';
import type { Stored } from '../log/stored.ts';
import { BackChannel } from './back-channel.ts';
import { EndedLogins } from './ended-logins.ts';
import { Provider } from './provider.ts';
import { backPath, SignIn, type SignInPorts } from './sign-in.ts';

export interface SignInGround extends Omit<SignInPorts, 'providers' | 'endedLogins'> {
  readonly providers: readonly Provider['settings'][];
  readonly devices: Pick<Devices, 'delete'>;
  /** Where browsers reach this server. */
  readonly publicUrl: string;
}

/** Everything of this folder, put together. */
export function signInFeatures(
  stored: Stored,
  { providers: settings, publicUrl, devices, ...ground }: SignInGround,
) {
  const providers = new Map(
    settings.map((each) => {
      const ports = { redirectUri: `${publicUrl}${backPath(each.id)}`, now: stored.now };
      return [each.id, new Provider(each, ports)];
    }),
  );
  const endedLogins = new EndedLogins(stored);
  return {
    ports: {
      signIn: new SignIn(stored, { ...ground, providers, endedLogins }),
      backChannel: new BackChannel(stored, { providers, devices, endedLogins }),
    },
    close() {},
  };
}
