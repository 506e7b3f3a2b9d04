import type { Accounts } from '../accounts/accounts.ts';
import type { Stored } from '../log/stored.ts';
import type { AppService } from '../protocol/app-service.ts';
import { AppServices } from './app-services.ts';
import { pingService } from './ping.ts';
import { ThirdParties } from './third-parties.ts';

/** Everything of this folder, put together. */
export function appServiceFeatures(
  stored: Stored,
  { accounts, appServices }: { accounts: Accounts; appServices: readonly AppService[] },
) {
  return {
    ports: {
      appServices: new AppServices(appServices, { stored, accounts }),
      thirdParties: new ThirdParties(appServices),
      pingService,
    },
    close() {},
  };
}
