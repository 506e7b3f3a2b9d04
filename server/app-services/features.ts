import type { Stored } from '../log/stored.ts';
import type { AppService } from '../protocol/app-service.ts';
import { type AppServicePorts, AppServices } from './app-services.ts';
import { pingService } from './ping.ts';
import { ThirdParties } from './third-parties.ts';

/** Everything of this folder, put together. */
export function appServiceFeatures(
  stored: Stored,
  ports: Omit<AppServicePorts, 'stored'> & { readonly appServices: readonly AppService[] },
) {
  return {
    ports: {
      appServices: new AppServices(ports.appServices, { ...ports, stored }),
      thirdParties: new ThirdParties(ports.appServices),
      pingService,
    },
    close() {},
  };
}
