import { forbidden } from '../../http/matrix-error.ts';
import type { AppService } from '../../protocol/app-service.ts';
import type { Service } from '../../protocol/caller.ts';

/** The type of a login and of a registration that an application service vouches for. */
export const BY_SERVICE = 'm.login.application_service';

export function serviceIn(caller: Service | undefined): AppService {
  if (caller) return caller.service;
  throw forbidden(
    `${BY_SERVICE} is for application services, by the as_token of their registration`,
  );
}
